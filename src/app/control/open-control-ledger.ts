import { type Entry, encodeEntry } from '../../audit/index.ts';
import { ExeatError } from '../../base/index.ts';
import { openLedger, type SqliteLedger } from '../../store/index.ts';
import { noteRestored, swapRestore } from '../backup/swap-restore.ts';
import type { Logger } from '../logger.ts';
import type { StatePaths } from '../state-folder.ts';

/**
 * Opens the log of acts of control, which holds the lock of the state: swaps in a restore that is laid ready, and notes it. Throws an
 * ExeatError with one line where the log cannot be used.
 */
export async function openControlLedger(paths: StatePaths, logger: Logger): Promise<SqliteLedger> {
  const restored = await swapRestore(paths);
  if (restored !== null) logger.warn('a backup was restored', { ...restored, aside: paths.replaced });
  const opened = openLedger({ path: paths.ledger, encode: encodeCanonical });
  if (!opened.ok) throw new ExeatError(opened.fault.code, opened.fault.message);
  const trouble = await noteRestored(paths, opened.value, Date.now());
  if (trouble === null) return opened.value;
  await opened.value.close();
  throw new ExeatError(trouble.code, trouble.message);
}

/** The bytes of an entry, which are its leaf. What cannot be spelled canonically was never an entry: a defect of ours. */
function encodeCanonical(entry: Entry): Uint8Array {
  const encoded = encodeEntry(entry);
  if (encoded.ok) return encoded.value;
  throw new RangeError(encoded.fault.message);
}
