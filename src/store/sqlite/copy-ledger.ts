import { backup } from 'node:sqlite';
import { type Fault, failed, ok, type Result } from '../../base/index.ts';
import { makeFile } from './check-file.ts';
import { openDatabase } from './connection.ts';
import { openingFault, type StoreFaultCode } from './store-fault.ts';

// All in one go, on a thread of the platform: the connection is ours alone, so nothing waits for it.
const allPages = 2 ** 31 - 1;

/**
 * Copies a ledger as it stands at the call into a new file, while it is written to: from a connection of its own whose read transaction
 * holds that moment, so that acts meanwhile neither wait nor make the copy begin again. Gives the number of entries in it.
 * Faults: `store_unavailable`, `store_corrupt`.
 */
export async function copyLedger(from: string, to: string): Promise<Result<number, Fault<StoreFaultCode>>> {
  const made = makeFile(to);
  if (!made.ok) return made;
  try {
    const source = openDatabase(from, true);
    try {
      source.exec('BEGIN');
      const row = source.prepare('SELECT coalesce(max(seq) + 1, 0) AS entries FROM entry').get();
      await backup(source, to, { rate: allPages });
      return ok(Number(row?.['entries'] ?? 0));
    } finally {
      source.close();
    }
  } catch (error) {
    return failed(openingFault(from, error));
  }
}
