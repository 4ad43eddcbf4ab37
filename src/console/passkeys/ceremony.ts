import type { AssertionBody, PasskeyAnswer, PasskeyOffer, RegistrationBody } from '../../api/contract/index.ts';

/** The browser or the device did not do it; the message is for people. */
export class CeremonyFailure extends Error {}

/** Whether this browser knows passkeys at this page: only over https and on localhost. */
export function knowsPasskeys(): boolean {
  return typeof PublicKeyCredential === 'function' && navigator.credentials !== undefined;
}

/** Lets a device make a passkey. Throws a {@link CeremonyFailure}. */
export async function makePasskey(offer: PasskeyOffer): Promise<RegistrationBody> {
  if (offer.origin !== location.origin) throw elsewhere(offer.origin);
  const made = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: bytesOf(offer.challenge),
        rp: offer.rp,
        user: { ...offer.user, id: bytesOf(offer.user.id) },
        pubKeyCredParams: offer.algorithms.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: offer.exclude.map((id) => ({ type: 'public-key', id: bytesOf(id) })),
        authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
        attestation: 'none',
        timeout: patienceMs,
      },
    }),
  );
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    clientDataJSON: textOf(response.clientDataJSON),
    attestationObject: textOf(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  };
}

/** Lets one of some passkeys sign a challenge (base64url). Throws a {@link CeremonyFailure}. */
export async function signWith(
  passkeys: readonly Pick<PasskeyAnswer, 'credentialId' | 'transports'>[],
  challenge: string,
  rpId?: string,
): Promise<AssertionBody> {
  if (rpId !== undefined && rpId !== location.hostname) throw elsewhere(rpId);
  const made = await ask(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: bytesOf(challenge),
        allowCredentials: passkeys.map(({ credentialId, transports }) => ({
          type: 'public-key',
          id: bytesOf(credentialId),
          transports: [...transports] as AuthenticatorTransport[],
        })),
        userVerification: 'required',
        timeout: patienceMs,
      },
    }),
  );
  const response = made.response as AuthenticatorAssertionResponse;
  return {
    id: made.id,
    clientDataJSON: textOf(response.clientDataJSON),
    authenticatorData: textOf(response.authenticatorData),
    signature: textOf(response.signature),
  };
}

const patienceMs = 2 * 60_000;

async function ask(work: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!knowsPasskeys())
    throw new CeremonyFailure('This browser uses passkeys only over https, or at http://localhost.');
  try {
    const made = await work();
    if (made !== null) return made as PublicKeyCredential;
  } catch (error) {
    throw new CeremonyFailure(saying[(error as Error).name] ?? unsaid);
  }
  throw new CeremonyFailure(unsaid);
}

const unsaid = 'The device did not answer with a passkey. Try again, or use another one.';
const saying: Readonly<Record<string, string>> = {
  NotAllowedError: 'It was cancelled, or took too long. Nothing was sent.',
  InvalidStateError: 'This device holds a passkey of yours already.',
  SecurityError: 'The browser refuses passkeys at this address. Open the console by the name that console.url says.',
  NotSupportedError: 'This device has no passkey that is accepted here.',
};

function elsewhere(where: string): CeremonyFailure {
  return new CeremonyFailure(
    `Passkeys of this console are used at ${where}, and this page is at ${location.host}. Open it there.`,
  );
}

/** Bytes as base64url. */
function textOf(bytes: ArrayBuffer): string {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** SHA-256 of a text, base64url: what a passkey signs in place of the text. */
export async function challengeOf(text: string): Promise<string> {
  return textOf(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}
