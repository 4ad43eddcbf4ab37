import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeLedgerFolder, openForTest } from '../../../test/support/ledger-bed.ts';
import { openStateFolder, type StatePaths } from '../state-folder.ts';
import { noteRestored, swapRestore } from './swap-restore.ts';

const staged = { id: 'R1', createdAt: '2026-12-01T12:00:00.000Z', entries: 0, withKeys: false, manifestSha256: 'ab' };

/** A state with something in every place, and a restore laid ready for it. */
function layReady(context: { after(end: () => void): void }): StatePaths {
  const opened = openStateFolder(join(makeLedgerFolder(context), 'state'));
  assert.ok(opened.ok);
  const paths = opened.value;
  for (const suffix of ['', '-wal']) writeFileSync(`${paths.ledger}${suffix}`, `live${suffix}`);
  writeFileSync(join(paths.policy, 'history.ndjson'), 'live');
  mkdirSync(join(paths.restore, 'policy'), { recursive: true });
  mkdirSync(join(paths.restore, 'audit'));
  writeFileSync(join(paths.restore, 'ledger.db'), 'staged');
  writeFileSync(join(paths.restore, 'policy', 'history.ndjson'), 'staged');
  writeFileSync(join(paths.restore, 'restore.json'), JSON.stringify(staged));
  return paths;
}

async function checkSwapped(paths: StatePaths): Promise<void> {
  assert.deepEqual(await swapRestore(paths), staged);
  assert.equal(readFileSync(paths.ledger, 'utf8'), 'staged');
  assert.equal(readFileSync(join(paths.policy, 'history.ndjson'), 'utf8'), 'staged');
  assert.ok(!existsSync(`${paths.ledger}-wal`), 'the log of the other database is not beside it');
  assert.ok(existsSync(paths.audit), 'a part that the backup has nothing of is empty');
  assert.ok(existsSync(paths.keys), 'keys stay');
  assert.ok(!existsSync(paths.restore));
  const aside = join(paths.replaced, 'R1');
  assert.equal(readFileSync(join(aside, 'ledger.db'), 'utf8'), 'live');
  assert.equal(readFileSync(join(aside, 'ledger.db-wal'), 'utf8'), 'live-wal');
  assert.equal(readFileSync(join(aside, 'policy', 'history.ndjson'), 'utf8'), 'live');
  assert.equal(await swapRestore(paths), null);
}

/** What a swap does first, one step after the other; it is killed after some of them. */
const steps: readonly ((paths: StatePaths, aside: string) => void)[] = [
  (_, aside) => mkdirSync(aside, { recursive: true }),
  (paths, aside) => renameSync(`${paths.ledger}-wal`, join(aside, 'ledger.db-wal')),
  (paths, aside) => renameSync(paths.ledger, join(aside, 'ledger.db')),
  (paths) => renameSync(join(paths.restore, 'ledger.db'), paths.ledger),
  (paths) => renameSync(join(paths.restore, 'audit'), paths.audit),
  (paths, aside) => renameSync(paths.policy, join(aside, 'policy')),
  (paths) => renameSync(join(paths.restore, 'policy'), paths.policy),
];

for (let done = 0; done <= steps.length; done += 1) {
  test(`a swap that was killed after ${done} of its steps is ended by the next start`, async (context) => {
    const paths = layReady(context);
    for (const step of steps.slice(0, done)) step(paths, join(paths.replaced, 'R1'));
    // The supervisor makes the folders that are missing before control starts.
    assert.ok(openStateFolder(paths.root).ok);
    await checkSwapped(paths);
  });
}

test('a restore that was not laid ready to its end is not swapped in', async (context) => {
  const paths = layReady(context);
  renameSync(paths.restore, `${paths.restore}.partial`);
  assert.equal(await swapRestore(paths), null);
  assert.equal(readFileSync(paths.ledger, 'utf8'), 'live');
});

test('a restore is noted once, also where the note was made and its marker stayed', async (context) => {
  const opened = openStateFolder(join(makeLedgerFolder(context), 'state'));
  assert.ok(opened.ok);
  const ledger = openForTest(opened.value.ledger);
  for (let start = 0; start < 2; start += 1) {
    writeFileSync(join(opened.value.control, 'restored.json'), JSON.stringify(staged));
    assert.equal(await noteRestored(opened.value, ledger, Date.UTC(2026, 11, 1)), null);
    assert.ok(!existsSync(join(opened.value.control, 'restored.json')));
  }
  const acts = await ledger.entriesOf('store');
  assert.deepEqual(
    acts.map(({ action, details }) => [action, details['restore'], details['manifest']]),
    [['store.restored', 'R1', 'sha256:ab']],
  );
  await ledger.close();
});
