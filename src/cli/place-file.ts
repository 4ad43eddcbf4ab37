import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { failed, fault, ok, type Result } from '../base/index.ts';

/** A place for a file, held by its folder from now on: whatever becomes of the path meanwhile, the file is put there. */
export interface PlacedFile {
  /** The text that is there now, or null. */
  read(): string | null;
  /** Puts the file there in one step; a link in its place is replaced and not followed. Faults: `file_unwritable`. */
  write(text: string): Result<null>;
  close(): void;
}

/**
 * Takes a place for a file that is written when a command has ended, which may have changed everything on the way to it. `outside` are
 * folders that it must not lie in. Faults: `file_unwritable`, `file_forbidden`.
 */
export function placeFile(path: string, flag: string, outside: readonly string[]): Result<PlacedFile> {
  const shown = `\`${path}\` (\`${flag}\`)`;
  try {
    const folder = realpathSync(dirname(resolve(path)));
    const holder = outside.find((one) => existsSync(one) && isInside(folder, realpathSync(one)));
    if (holder !== undefined)
      return failed(fault('file_forbidden', `${shown} is inside the policy \`${holder}\`, name a file outside of it`));
    const descriptor = openSync(folder, 'r');
    const at = `/proc/self/fd/${descriptor}/${basename(path)}`;
    return ok({
      read: () => readIfThere(at),
      write: (text) => writeOver(at, text, shown),
      close: () => closeSync(descriptor),
    });
  } catch (error) {
    return failed(fault('file_unwritable', `${shown} cannot be written (${(error as NodeJS.ErrnoException).code})`));
  }
}

function writeOver(at: string, text: string, shown: string): Result<null> {
  const fresh = `${at}.${process.pid}.new`;
  try {
    rmSync(fresh, { force: true });
    writeFileSync(fresh, text, { flag: 'wx', mode: 0o644 });
    renameSync(fresh, at);
    return ok(null);
  } catch (error) {
    rmSync(fresh, { force: true });
    return failed(fault('file_unwritable', `${shown} cannot be written (${(error as NodeJS.ErrnoException).code})`));
  }
}

function readIfThere(at: string): string | null {
  try {
    return readFileSync(at, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}
