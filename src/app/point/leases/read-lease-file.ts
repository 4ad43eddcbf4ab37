import { constants, type Stats } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Fault, failed, fault, ok, type Result } from '../../../base/index.ts';
import { maxLeaseBytes } from './parse-leases.ts';

/** The text of a file, and when it was written last (epoch milliseconds). */
export interface LeaseFile {
  readonly text: string;
  readonly writtenAt: number;
}

const writableByOthers = 0o022;
const sticky = 0o1000;

/**
 * Reads a file that says who has which address. Whoever can write to it, or put another one in its place, is anybody: so it must belong to us
 * or to root, its folder too, and nobody else may write to them. Faults: `leases_unreadable`, `leases_exposed`, `leases_too_large`.
 */
export async function readLeaseFile(path: string): Promise<Result<LeaseFile, Fault>> {
  try {
    const real = await realpath(path);
    for (const folder of new Set([dirname(path), dirname(real)])) {
      const why = whyExposed(await stat(folder));
      if (why !== null) return exposed(folder, why);
    }
    await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) return failed(fault('leases_unreadable', `\`${path}\` is not a file`));
    const why = whyExposed(stats);
    if (why !== null) return exposed(path, why);
    if (stats.size > maxLeaseBytes) return tooLarge(path);
    const text = await file.readFile('utf8');
    return text.length > maxLeaseBytes ? tooLarge(path) : ok({ text, writtenAt: stats.mtimeMs });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failed(fault('leases_unreadable', `\`${path}\` cannot be read (${code ?? 'unknown'})`));
  }
}

/** What changes whenever the file, or its place, does. */
export async function printOfLeaseFile(path: string): Promise<string> {
  const one = async (at: string): Promise<string> => {
    try {
      const { dev, ino, size, mode, uid, mtimeNs, ctimeNs } = await stat(at, { bigint: true });
      return at === path ? `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}` : `${dev}:${ino}:${mode}:${uid}`;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unreadable';
    }
  };
  return (await Promise.all([path, dirname(path)].map(one))).join('|');
}

function whyExposed(stats: Stats): string | null {
  const { mode, uid } = stats;
  if (uid !== 0 && uid !== process.getuid?.()) return 'belongs to another user';
  // In a folder such as /tmp nobody puts anything in the place of what is another's.
  const isSticky = stats.isDirectory() && (mode & sticky) !== 0;
  return (mode & writableByOthers) === 0 || isSticky
    ? null
    : `may be written by others (${(mode & 0o777).toString(8)})`;
}

function exposed(path: string, why: string): { readonly ok: false; readonly fault: Fault } {
  return failed(fault('leases_exposed', `\`${path}\` ${why}, and who writes there says who has which address`));
}

function tooLarge(path: string): { readonly ok: false; readonly fault: Fault } {
  return failed(fault('leases_too_large', `\`${path}\` is larger than ${maxLeaseBytes} bytes`));
}
