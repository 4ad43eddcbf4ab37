import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { CliIo } from './cli-io.ts';
import { readSecretFile } from './read-secret-file.ts';

// What a header can carry and the API accepts.
const tokenText = /^[\x21-\x7e]{1,512}$/;

/** The file that holds the caller's token: `EXEAT_TOKEN_FILE`, else `$XDG_CONFIG_HOME/exeat/token` (`~/.config`). */
export function tokenFilePath(env: CliIo['env']): string {
  const { EXEAT_TOKEN_FILE: named, XDG_CONFIG_HOME: config, HOME: home } = env;
  if (named !== undefined && named !== '') return named;
  const isAbsolute = config?.startsWith('/') === true;
  // The base directory specification: a relative path there is to be ignored.
  return join(isAbsolute ? config : join(home ?? homedir(), '.config'), 'exeat', 'token');
}

/**
 * The caller's token: the file of `EXEAT_TOKEN_FILE`, else `EXEAT_TOKEN`, else the default file. Never a flag: those are seen by every
 * process of the machine. Faults: `token_missing`, `token_malformed`, those of the file.
 */
export function readToken(env: CliIo['env']): Result<string> {
  const isNamed = (env['EXEAT_TOKEN_FILE'] ?? '') !== '';
  const given = env['EXEAT_TOKEN'] ?? '';
  const path = tokenFilePath(env);
  const read = isNamed || given === '' ? readSecretFile('token file', path) : ok(given);
  if (!read.ok) return !isNamed && read.fault.code === 'secret_file_missing' ? failed(missing(path)) : read;
  const token = read.value.trim();
  if (tokenText.test(token)) return ok(token);
  return failed(
    fault('token_malformed', 'the token is no token of Exeat: it is empty, too long or holds odd characters'),
  );
}

/** Whether a token file is there already; saving never writes over one. Fault: `token_file_taken`. */
export function checkTokenFileFree(env: CliIo['env']): Result<string> {
  const path = tokenFilePath(env);
  if (!existsSync(path)) return ok(path);
  const message = `\`${path}\` holds a token already, move it away or name another file with \`EXEAT_TOKEN_FILE\``;
  return failed(fault('token_file_taken', message));
}

/** Writes a token to its file, 0600, in a folder that only the owner enters. Fault: `token_file_unwritable`. */
export function saveToken(path: string, secret: string): Result<string> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
    return ok(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return failed(fault('token_file_unwritable', `token file \`${path}\` cannot be written (${code})`));
  }
}

function missing(path: string): ReturnType<typeof fault> {
  return fault(
    'token_missing',
    `no token: set \`EXEAT_TOKEN_FILE\` or \`EXEAT_TOKEN\`, or have one in \`${path}\`; \`exeat token claim\` and \`exeat token create\` make them`,
  );
}
