import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { replaceFile } from './replace-file.ts';

/** What a key signs. Each has a pair of its own: `snapshot.key` and `snapshot.pub`, of which a point is given the public half; `audit.key`. */
export type KeyUse = 'snapshot' | 'audit';

/** A pair that signs and checks, Ed25519. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * Loads a signing key of a state from its `keys` folder, making it (0600, folder 0700) when there is none. `use` is `snapshot` unless told.
 * Faults: `key_unreadable`, with the mend.
 */
export async function createSigningKey(dir: string, use: KeyUse = 'snapshot'): Promise<Result<SigningKey, Fault>> {
  const path = join(dir, `${use}.key`);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode === undefined) await writePrivateKey(path);
    else if ((mode & 0o077) !== 0) {
      return failed(
        fault(
          'key_unreadable',
          `key \`${path}\` is open to others, anyone may have copied it: remove it, a new one is made`,
        ),
      );
    }
    const privateKey = createPrivateKey(readFileSync(path));
    const publicKey = createPublicKey(privateKey);
    if (publicKey.asymmetricKeyType !== 'ed25519') return failed(unusable(path, 'it is not an Ed25519 key'));
    await keepPublicHalf(join(dir, `${use}.pub`), publicKey);
    return ok({ privateKey, publicKey });
  } catch (error) {
    return failed(unusable(path, (error as NodeJS.ErrnoException).code ?? (error as Error).message));
  }
}

/** Loads the public half, for a point. Faults: `key_unreadable`. */
export function loadVerifyingKey(dir: string): Result<KeyObject, Fault> {
  const path = join(dir, 'snapshot.pub');
  try {
    const key = createPublicKey(readFileSync(path));
    return key.asymmetricKeyType === 'ed25519' ? ok(key) : failed(unusable(path, 'it is not an Ed25519 key'));
  } catch (error) {
    return failed(unusable(path, (error as NodeJS.ErrnoException).code ?? (error as Error).message));
  }
}

// Looked at on every load: a public half that does not fit would make every snapshot look forged. Written only then, since several parts
// of control load the key at once, and a file has one writer at a time.
async function keepPublicHalf(path: string, publicKey: KeyObject): Promise<void> {
  const text = publicKey.export({ type: 'spki', format: 'pem' });
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  await replaceFile(path, [Buffer.from(text)]);
}

async function writePrivateKey(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await replaceFile(path, [Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }))]);
}

function unusable(path: string, why: string): Fault {
  return fault(
    'key_unreadable',
    `key \`${path}\` cannot be used (${why}): mend it, or remove it so that a new one is made`,
  );
}
