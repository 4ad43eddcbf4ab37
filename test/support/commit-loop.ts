import { openForTest } from './ledger-bed.ts';
import { commitOf, entryOf, viewOf } from './ledger-fixture.ts';

// A program: commits to the ledger named by its argument, one to five acts at a time, and prints how many are acknowledged in all,
// until it is killed.

const ledger = openForTest(process.argv[2] ?? '');
for (let round = 0; ; round += 1) {
  const id = String(round % 50);
  const entries = Array.from({ length: 1 + (round % 5) }, () => entryOf(`exception/${id}`));
  const committed = await ledger.commit(commitOf(entries, { nowMs: Date.now(), views: [viewOf(id)] }));
  if (!committed.ok) throw new Error(committed.fault.message);
  process.stdout.write(`${(committed.value.at(-1)?.seq ?? -1) + 1}\n`);
}
