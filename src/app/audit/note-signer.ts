import { createPublicKey, hash, sign, verify } from 'node:crypto';
import { createVerifierKey, type NoteSigner } from '../../audit/index.ts';
import type { SigningKey } from '../../snapshot/index.ts';

/** SHA-256 by Node, as the port has it. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** Whether an Ed25519 signature holds. False for a public key that is none. */
export function checkEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(publicKey).toString('base64url');
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, message, key, signature);
  } catch {
    // Bytes that are no point of the curve: nothing was signed by them.
    return false;
  }
}

/**
 * The signer of a log. Its name, which every checkpoint begins with, is made of the key: `exeat/` and 16 hex digits. So two logs never have
 * one name, and there is no name to lose.
 */
export function createNoteSigner({ privateKey, publicKey }: SigningKey): NoteSigner {
  const raw = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  const name = `exeat/${Buffer.from(sha256(raw)).toString('hex', 0, 8)}`;
  return { key: createVerifierKey(name, raw, sha256), sign: (message) => sign(null, message, privateKey) };
}
