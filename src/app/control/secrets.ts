import { createHash, createPublicKey, randomBytes, timingSafeEqual, verify } from 'node:crypto';
import type { Caller, NewSecret, VerifySignature } from '../../api/index.ts';
import { failed, fault, type NewId, ok, type Result } from '../../base/index.ts';
import { type Directory, isLiveToken, type Person, scopesOf, type Token } from '../../exceptions/index.ts';

/** Bytes of a secret: nobody guesses 256 bits, so a plain hash of it may be kept. */
const secretBytes = 32;

/** SHA-256 of a secret, hex: what is kept of it. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Makes a secret of an API token: `exeat_<id>_<secret>`. */
export function makeToken(newId: NewId, nowMs: number): NewSecret {
  const id = newId(nowMs);
  const secret = randomBytes(secretBytes).toString('base64url');
  return { id, text: `exeat_${id}_${secret}`, hash: hashSecret(secret) };
}

/** Makes the secret of a founding link. */
export function makeSecret(): { readonly text: string; readonly hash: string } {
  const text = randomBytes(secretBytes).toString('base64url');
  return { text, hash: hashSecret(text) };
}

/** Whether a secret is that of a hash; takes the same time whatever it is. */
export function isSecret(secret: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(secret), 'hex'), Buffer.from(hash.padEnd(64, '0').slice(0, 64), 'hex'));
}

const tokenText = /^exeat_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/;
// Compared with where no token has the id, so that an unknown id costs what a wrong secret costs.
const nobodysHash = '0'.repeat(64);

/** Who a token belongs to, and what both it and its person may do now. Fault: `token_refused`, the same for whatever is wrong. */
export function authenticateToken(text: string, directory: Directory, nowMs: number): Result<Caller> {
  const [, id = '', secret = ''] = tokenText.exec(text) ?? [];
  const token = directory.tokens.get(id);
  const isRight = isSecret(secret, token?.secretHash ?? nobodysHash);
  const person = token === undefined ? undefined : directory.people.get(token.person);
  const isLive = token !== undefined && isLiveToken(token, nowMs) && person?.disabledAtMs === null;
  if (!isRight || !isLive || person === undefined) {
    return failed(fault('token_refused', 'the token is unknown, wrong, revoked or over'));
  }
  return ok(toCaller(token, person));
}

/** Who a session that was opened by a token belongs to now. Fault: `session_over`, the same for whatever ended it. */
export function recallSession(
  { credential, seal }: { readonly credential: string; readonly seal: string },
  directory: Directory,
  nowMs: number,
): Result<Caller> {
  const token = directory.tokens.get(credential);
  const person = token === undefined ? undefined : directory.people.get(token.person);
  const isLive = token !== undefined && isLiveToken(token, nowMs) && person?.disabledAtMs === null;
  // A token with a fresh secret is another one: whoever signed in with the one that leaked is out.
  if (!isLive || person === undefined || token.secretHash !== seal) {
    return failed(fault('session_over', 'the token that opened this session is over, sign in with another one'));
  }
  return ok(toCaller(token, person));
}

function toCaller(token: Token, person: Person): Caller {
  const allowed = scopesOf(person);
  const scopes = token.scopes.filter((scope) => allowed.has(scope));
  const actor = { kind: 'person', id: person.id, via: 'token', credential: token.id } as const;
  return { actor, person: person.id, scopes, seal: token.secretHash };
}

/** Verifies an Ed25519 signature (RFC 8032). Anything malformed is false. */
export const verifyEd25519: VerifySignature = (publicKey, bytes, signature) => {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, bytes, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
};
