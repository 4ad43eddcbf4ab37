import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { CliIo } from './cli-io.ts';
import { readSecretFile } from './read-secret-file.ts';

/** Makes a key for break-glass in a new file, 0600, under the passphrase where one is given. Gives the public key: SPKI, base64. Fault: `key_file_unwritable`. */
export function makeKeyFile(path: string, passphrase: string | null): Result<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    ...(passphrase === null ? {} : { cipher: 'aes-256-cbc', passphrase }),
  });
  try {
    writeFileSync(path, pem, { mode: 0o600, flag: 'wx' });
    return ok(publicText(publicKey));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const mend = code === 'EEXIST' ? ', a key is never written over: name another file' : '';
    return failed(fault('key_file_unwritable', `key file \`${path}\` cannot be written (${code})${mend}`));
  }
}

/** The passphrase of the file that `EXEAT_KEY_PASSPHRASE_FILE` names, null where it names none. Faults: those of the file, `passphrase_empty`. */
export function readPassphrase(env: CliIo['env']): Result<string | null> {
  const path = env['EXEAT_KEY_PASSPHRASE_FILE'] ?? '';
  if (path === '') return ok(null);
  const read = readSecretFile('passphrase file', path);
  if (!read.ok || read.value !== '') return read;
  return failed(fault('passphrase_empty', `passphrase file \`${path}\` is empty`));
}

/** Reads a key file. Faults: those of the file, `key_locked`, `key_malformed`. */
export function readKeyFile(path: string, env: CliIo['env']): Result<KeyObject> {
  const pem = readSecretFile('key file', path);
  if (!pem.ok) return pem;
  const passphrase = readPassphrase(env);
  if (!passphrase.ok) return passphrase;
  if (pem.value.includes('BEGIN ENCRYPTED PRIVATE KEY') && passphrase.value === null) {
    const message = `key file \`${path}\` is locked, name the file of its passphrase with \`EXEAT_KEY_PASSPHRASE_FILE\``;
    return failed(fault('key_locked', message));
  }
  const key = openKey(pem.value, passphrase.value);
  if (key?.asymmetricKeyType === 'ed25519') return ok(key);
  const message = `key file \`${path}\` holds no Ed25519 key that the passphrase opens, \`exeat break-glass keygen\` makes one`;
  return failed(fault('key_malformed', message));
}

/** Signs a text: Ed25519 over its UTF-8 bytes, base64. */
export function signText(key: KeyObject, text: string): string {
  return sign(null, Buffer.from(text, 'utf8'), key).toString('base64');
}

/** The public key that belongs to a private one: SPKI, base64. */
export function publicText(key: KeyObject): string {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

function openKey(pem: string, passphrase: string | null): KeyObject | null {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === null ? {} : { passphrase }) });
  } catch {
    // Wrong passphrase and no key at all look alike to OpenSSL; the caller says both.
    return null;
  }
}
