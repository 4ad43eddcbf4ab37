import type { ApiPorts } from '../../api/index.ts';
import { passkeyAlgorithms, relyingPartyOf, verifyAssertion, verifyRegistration } from '../../trust/index.ts';

/** What passkeys are verified with where the console is at `url`. */
export function createPasskeyPorts(url: string): ApiPorts['passkeys'] {
  const party = relyingPartyOf(url);
  return {
    party,
    algorithms: passkeyAlgorithms,
    verifyRegistration: async (sent, challenge) =>
      party.ok ? verifyRegistration(sent, challenge, party.value) : party,
    verifyAssertion: async (sent, passkey, challenge) =>
      party.ok ? verifyAssertion(sent, passkey, challenge, party.value) : party,
  };
}
