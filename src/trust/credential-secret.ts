import { createHash, randomBytes } from 'node:crypto';

/** Starts every generated secret, so that secret scanners and people recognise one. */
export const secretPrefix = 'exeat_';
const secretBytes = 32;

/** Makes a secret of 256 random bits: `exeat_` and 43 characters of base64url, safe in a URL's userinfo. */
export function generateSecret(): string {
  return secretPrefix + randomBytes(secretBytes).toString('base64url');
}

/** SHA-256 over the whole secret text. No salt and no slow hash: 256 random bits cannot be guessed from it. */
export function digestSecret(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}
