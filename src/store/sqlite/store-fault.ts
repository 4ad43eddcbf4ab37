import { type Fault, fault } from '../../base/index.ts';

/** Why a ledger cannot be opened. */
export type StoreFaultCode = 'store_unavailable' | 'store_corrupt' | 'store_not_ledger' | 'store_too_new';

/** What SQLite says by primary result code (sqlite.org/rescode.html), told to an operator with the mend. */
const troubles: Readonly<Record<number, string>> = {
  5: 'is held by another program, stop it',
  6: 'is held by another program, stop it',
  7: 'cannot be used for lack of memory, give the process more',
  8: 'is read-only, make it writable for this user',
  10: 'cannot be read or written (input/output error), check its disk',
  11: 'is damaged, stop and restore a backup',
  13: 'cannot grow: the disk is full or its bound is reached, free some space',
  14: 'cannot be opened, make it readable and writable for this user',
  26: 'is not a database, move it away or restore a backup',
};

// SQLITE_CORRUPT and SQLITE_NOTADB.
const damageCodes: ReadonlySet<number> = new Set([11, 26]);

/** The primary result code in an error of `node:sqlite`, or null where it is none. */
export function resultCodeOf(error: unknown): number | null {
  const errcode = (error as { errcode?: unknown } | null)?.errcode;
  // Extended codes keep the primary one in the low byte.
  return typeof errcode === 'number' ? errcode & 0xff : null;
}

/** What is wrong with the file at `path`, in one line; null for an error that is not the disk's or the file's but a mistake of ours. */
export function troubleOf(path: string, error: unknown): string | null {
  const says = troubles[resultCodeOf(error) ?? -1];
  return says === undefined ? null : `ledger \`${path}\` ${says}`;
}

/** The fault of an opening that failed by an error of SQLite or of the file system; throws on what is neither. */
export function openingFault(path: string, error: unknown): Fault<StoreFaultCode> {
  const says = troubleOf(path, error);
  if (says !== null) {
    const isDamaged = damageCodes.has(resultCodeOf(error) ?? -1);
    return fault(isDamaged ? 'store_corrupt' : 'store_unavailable', says);
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) throw error;
  return fault('store_unavailable', `ledger \`${path}\` cannot be used (${code}), make it writable for this user`);
}
