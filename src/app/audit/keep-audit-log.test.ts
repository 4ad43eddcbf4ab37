import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { leavesOf } from '../../../test/support/audit-fixture.ts';
import { findNotes, readCheckpoint } from '../../audit/index.ts';
import { statePaths } from '../state-folder.ts';
import { keepAuditLog } from './keep-audit-log.ts';

const root = mkdtempSync(join(tmpdir(), 'keep-audit-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('the log is written at the start, after an act, by the clock and at the end, and each checkpoint goes to the anchors', async () => {
  const anchor = join(root, 'anchor.txt');
  const sizes = { now: 0 };
  const kept = await keepAuditLog({
    paths: statePaths(join(root, 'state')),
    leaves: { size: async () => sizes.now, leaves: async (from, until) => leavesOf(until).slice(from) },
    anchors: [{ kind: 'path', path: anchor }],
    clock: { now: () => 1_000 },
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    everyMs: 50,
  });
  assert.ok(kept.ok);
  const log = kept.value;
  assert.equal(log.status().size, 0);
  sizes.now = 2;
  const written = await log.write();
  assert.equal(written.ok && written.value.size, 2);
  await until(() => log.status().anchors[0]?.sentCount === 2);
  sizes.now = 3;
  await until(() => log.status().anchors[0]?.sentCount === 3);
  sizes.now = 4;
  await log.close();
  assert.deepEqual(log.status().size, 4);
  const told = findNotes(readFileSync(anchor, 'utf8')).map((note) => readCheckpoint(note));
  assert.deepEqual(told.map((one) => one.ok && one.value.size).slice(0, 3), [0, 2, 3]);
});

async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!isSo()) {
    assert.ok(performance.now() < end, 'in time');
    await sleep(5);
  }
}
