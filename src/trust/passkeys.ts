import { failed, fault, ok, type Result } from '../base/index.ts';
import type { RelyingParty } from './relying-party.ts';

/** What a browser answers when a passkey is made, as far as it is looked at: everything base64url. */
export interface SentRegistration {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly attestationObject: string;
}

/** What a browser answers when a passkey signs: everything base64url. */
export interface SentAssertion {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
}

/** What is kept of a passkey; `publicKey` is COSE. Both texts are base64url. */
export interface VerifiedPasskey {
  readonly credentialId: string;
  readonly publicKey: string;
  readonly signCount: number;
}

// ES256, EdDSA and RS256 (IANA COSE algorithms): what authenticators and platforms have.
const algorithms: readonly number[] = [-7, -8, -257];

/** The algorithms that passkeys may have, the preferred one first. */
export const passkeyAlgorithms: readonly number[] = algorithms;

/**
 * Verifies that a passkey was made for a challenge, at our own page, by somebody whom it verified. Fault: `passkey_refused`, which says why
 * and holds nothing that was sent.
 */
export async function verifyRegistration(
  sent: SentRegistration,
  challenge: string,
  party: RelyingParty,
): Promise<Result<VerifiedPasskey>> {
  const why = whyNotOurs(sent.clientDataJSON, { type: 'webauthn.create', challenge, party });
  if (why !== null) return refused(why);
  const { verifyRegistrationResponse } = await library();
  try {
    const { clientDataJSON, attestationObject } = sent;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...whole(sent.id), response: { clientDataJSON, attestationObject } },
      ...expected(challenge, party),
      supportedAlgorithmIDs: [...algorithms],
    });
    if (!verified || registrationInfo === undefined) return refused(notVerified);
    const { id, publicKey, counter } = registrationInfo.credential;
    return ok({ credentialId: id, publicKey: Buffer.from(publicKey).toString('base64url'), signCount: counter });
  } catch {
    return refused(notVerified);
  }
}

/**
 * Verifies that a passkey signed a challenge, at our own page, by somebody whom it verified; gives the count that it told, which the caller
 * compares. Fault: `passkey_refused`.
 */
export async function verifyAssertion(
  sent: SentAssertion,
  passkey: Pick<VerifiedPasskey, 'credentialId' | 'publicKey'>,
  challenge: string,
  party: RelyingParty,
): Promise<Result<{ readonly signCount: number }>> {
  if (sent.id !== passkey.credentialId) return refused('it is by another passkey');
  const why = whyNotOurs(sent.clientDataJSON, { type: 'webauthn.get', challenge, party });
  if (why !== null) return refused(why);
  const { verifyAuthenticationResponse } = await library();
  try {
    const { clientDataJSON, authenticatorData, signature } = sent;
    const publicKey = new Uint8Array(Buffer.from(passkey.publicKey, 'base64url'));
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...whole(sent.id), response: { clientDataJSON, authenticatorData, signature } },
      ...expected(challenge, party),
      // With 0 the library compares no counts: that is decided where acts are, one at a time.
      credential: { id: sent.id, publicKey, counter: 0 },
    });
    return verified ? ok({ signCount: authenticationInfo.newCounter }) : refused(notVerified);
  } catch {
    return refused(notVerified);
  }
}

const notVerified = 'its signature does not hold, or the passkey did not verify who used it (by PIN, finger or face)';

interface Expected {
  readonly type: string;
  readonly challenge: string;
  readonly party: RelyingParty;
}

/** Looked at before anything else is parsed, so that each reason is told as what it is. The library looks again. */
function whyNotOurs(clientDataJSON: string, { type, challenge, party }: Expected): string | null {
  const data = readClientData(clientDataJSON);
  if (data === null) return 'what the browser signed cannot be read';
  if (data['type'] !== type) return 'it was signed for another purpose';
  if (data['challenge'] !== challenge) return 'it confirms another act, or was used before, or is too old';
  if (data['origin'] !== party.origin) return `it was given at another page than \`${party.origin}\``;
  return data['crossOrigin'] === true ? 'it was given inside a page of somebody else' : null;
}

function readClientData(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const data: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function expected(
  challenge: string,
  { id, origin }: RelyingParty,
): {
  readonly expectedChallenge: string;
  readonly expectedOrigin: string;
  readonly expectedRPID: string;
  readonly requireUserVerification: true;
} {
  return { expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: id, requireUserVerification: true };
}

function whole(id: string): {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly clientExtensionResults: Record<string, never>;
} {
  return { id, rawId: id, type: 'public-key', clientExtensionResults: {} };
}

function refused(why: string): Result<never> {
  return failed(fault('passkey_refused', why));
}

// Loaded with the first passkey: a start need not wait for it, nor a process that sees none hold it.
const library = (): Promise<typeof import('@simplewebauthn/server')> => import('@simplewebauthn/server');
