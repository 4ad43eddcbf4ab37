import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openPendingActs, type PendingActs } from './pending-acts.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-pending-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const revoked: Parameters<PendingActs['add']>[0] = {
  atMs: 1_000,
  entries: [
    {
      subject: 'exception/x1',
      action: 'exception.revoked',
      actor: { kind: 'person', id: 'ben', via: 'token', credential: 't1' },
      details: { reason: 'over' },
    },
  ],
  views: [],
};

test('acts that wait are there after a restart, and a shorter list is not read together with an older one', () => {
  const path = join(folder, 'pending.json');
  const pending = openPendingActs(path);
  assert.deepEqual(pending.acts, []);
  assert.deepEqual(openPendingActs(path).acts, []);
  assert.equal(pending.add(revoked), true);
  assert.equal(pending.add({ ...revoked, atMs: 2_000 }), true);
  assert.deepEqual(
    openPendingActs(path).acts.map(({ atMs }) => atMs),
    [1_000, 2_000],
  );
  const [first, second] = openPendingActs(path).acts;
  pending.drop(new Set([first?.id ?? '']));
  assert.deepEqual(openPendingActs(path).acts, [second]);
  pending.drop(new Set([second?.id ?? '']));
  assert.deepEqual(openPendingActs(path).acts, []);
});

test('an act of before acts had ids has one of its own, and the same after each start', () => {
  const path = join(folder, 'old.json');
  writeFileSync(path, `${JSON.stringify([revoked, { ...revoked, atMs: 2_000 }])}\n`);
  const ids = openPendingActs(path).acts.map(({ id }) => id);
  assert.equal(new Set(ids).size, 2);
  assert.deepEqual(
    openPendingActs(path).acts.map(({ id }) => id),
    ids,
  );
});

test('a damaged file is refused and not written over: what was revoked may stand in it', () => {
  for (const [index, damaged] of [
    '[{"atMs":1,"entries":[',
    '{"acts":[]}',
    '[null]',
    '[{"atMs":1}]',
    '[{"id":1,"atMs":1,"entries":[],"views":[]}]',
    'none',
  ].entries()) {
    const path = join(folder, `damaged-${index}.json`);
    writeFileSync(path, `${damaged}\n`);
    assert.throws(() => openPendingActs(path), { code: 'pending_acts_damaged' });
    assert.equal(readFileSync(path, 'utf8'), `${damaged}\n`);
  }
});
