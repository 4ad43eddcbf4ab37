import { checkTokenFileFree, saveToken } from './api-token.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Row } from './table.ts';

/** Where a new token goes: its file, or null for stdout; false after the fault was told. Asked before a secret is made that is shown once. */
export function chooseTokenFile(cli: Cli, isSaving: boolean): string | null | false {
  if (!isSaving) return null;
  const free = checkTokenFileFree(cli.io.env);
  if (free.ok) return free.value;
  cli.fail(free.fault);
  return false;
}

/** Gives a secret to whoever asked: into the file, else alone on stdout. It is not lost where the file cannot be written. */
export function handOver(cli: Cli, file: string | null, secret: string, shown: Row): ExitCode {
  const saved = file === null ? null : saveToken(file, secret);
  if (saved?.ok === true) {
    cli.io.writeError(`exeat: the token is in \`${saved.value}\`, for you alone; it is not shown\n`);
    cli.printObject(shown, () => '');
    return exitCodes.ok;
  }
  cli.printObject({ ...shown, secret }, () => `${secret}\n`);
  return saved === null ? exitCodes.ok : cli.fail(saved.fault);
}
