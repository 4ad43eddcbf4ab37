import { readdirSync } from 'node:fs';
import { sortFileNames } from './file-names.ts';

/** The spool folder by what its files are: `closed` record files, oldest first, which never change; the newest, which may still grow; others. */
export interface SpoolListing {
  readonly closed: readonly string[];
  readonly open: string | null;
  readonly others: readonly string[];
}

/** Lists a spool folder; one that is not there yet is empty. Throws what the file system throws. */
export function listSpool(dir: string): SpoolListing {
  const all = listNames(dir);
  const names = sortFileNames(all).map((one) => one.name);
  const others = all.filter((name) => !names.includes(name));
  return { closed: names.slice(0, -1), open: names.at(-1) ?? null, others };
}

function listNames(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
