import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger, type SqliteLedger } from '../../src/store/index.ts';
import { encodeForTest } from './ledger-fixture.ts';

/** Opens the ledger in a file; throws its fault. */
export function openForTest(path: string, maxBytes?: number): SqliteLedger {
  const opened = openLedger({ path, encode: encodeForTest, ...(maxBytes === undefined ? {} : { maxBytes }) });
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

/** The code of the fault with which a file is refused, or `opened`. */
export async function openingOf(path: string): Promise<string> {
  const opened = openLedger({ path, encode: encodeForTest });
  if (!opened.ok) return opened.fault.code;
  await opened.value.close();
  return 'opened';
}

/** A folder for ledgers, removed at the end of the test that asks for it. */
export function makeLedgerFolder(context: { after(end: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-ledger-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
