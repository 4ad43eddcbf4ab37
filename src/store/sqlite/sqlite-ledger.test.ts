import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeForTest } from '../../../test/support/ledger-fixture.ts';
import { checkLedger } from '../../../test/support/ledger-suite.ts';
import { openLedger } from './sqlite-ledger.ts';

checkLedger('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-ledger-'));
  return {
    open: async () => {
      const opened = openLedger({ path: join(folder, 'ledger.db'), encode: encodeForTest });
      if (!opened.ok) throw new Error(opened.fault.message);
      return opened.value;
    },
    remove: async () => rmSync(folder, { recursive: true }),
  };
});
