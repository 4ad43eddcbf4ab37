import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../base/index.ts';

// A token, a passphrase or a private key: all far below.
const maxSecretBytes = 8_192;

/**
 * Reads a file that holds one secret, without the line feed at its end. `what` names it for people (`token file`). Faults:
 * `secret_file_missing`, `secret_file_unreadable`, `secret_file_open_to_others`, `secret_file_too_large`.
 */
export function readSecretFile(what: string, path: string): Result<string> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const kind = code === 'ENOENT' ? 'secret_file_missing' : 'secret_file_unreadable';
    return failed(fault(kind, `${what} \`${path}\` cannot be read (${code})`));
  }
  try {
    // The mode of what was opened, not of the name: that may be another file by now.
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      const message = `${what} \`${path}\` is open to others (${mode.toString(8)}), run \`chmod 600 ${path}\``;
      return failed(fault('secret_file_open_to_others', message));
    }
    return readBounded(what, path, file);
  } finally {
    closeSync(file);
  }
}

function readBounded(what: string, path: string, file: number): Result<string> {
  const buffer = Buffer.alloc(maxSecretBytes + 1);
  let bytes = 0;
  try {
    for (let read = -1; read !== 0 && bytes < buffer.length; bytes += read) {
      read = readSync(file, buffer, bytes, buffer.length - bytes, null);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return failed(fault('secret_file_unreadable', `${what} \`${path}\` cannot be read (${code})`));
  }
  if (bytes <= maxSecretBytes) return ok(buffer.toString('utf8', 0, bytes).replace(/\r?\n$/, ''));
  return failed(fault('secret_file_too_large', `${what} \`${path}\` is larger than ${maxSecretBytes} bytes`));
}
