import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { openPolicyHistory } from './index.ts';

const one = `sha256:${'1'.repeat(64)}`;
const two = `sha256:${'2'.repeat(64)}`;
const files = [
  { path: 'team/payments.yaml', text: 'service: payments-api\n' },
  { path: 'base.yaml', text: 'a' },
];

test('every version in force is kept with its sources and its interval', async () => {
  const dir = join(temporaryFolder('history'), 'policy');
  const history = openPolicyHistory(dir);
  assert.deepEqual(history.intervals(), []);
  assert.equal(history.whatWasInForceAt(5), null);
  assert.ok((await history.recordInForce(one, { files, ruleIds: [], atMs: 1000 })).ok);
  assert.ok((await history.recordInForce(one, { files, ruleIds: [], atMs: 1500 })).ok, 'a restart is no new interval');
  assert.ok((await history.recordInForce(two, { files, ruleIds: [], atMs: 2000 })).ok);
  assert.ok((await history.recordInForce(one, { files, ruleIds: [], atMs: 1900 })).ok, 'a clock that was set back');
  assert.deepEqual(openPolicyHistory(dir).intervals(), [
    { policyVersion: one, fromMs: 1000, toMs: 2000 },
    { policyVersion: two, fromMs: 2000, toMs: 2000 },
    { policyVersion: one, fromMs: 2000, toMs: null },
  ]);
  const cases = [
    [999, undefined],
    [1000, one],
    [1999, one],
    [2000, one],
    [9e12, one],
  ] as const;
  for (const [at, version] of cases) assert.equal(history.whatWasInForceAt(at)?.policyVersion, version, `at ${at}`);
  assert.equal(
    readFileSync(join(history.folderOf(two) ?? '', 'team/payments.yaml'), 'utf8'),
    'service: payments-api\n',
  );
  assert.equal(history.folderOf(`sha256:${'3'.repeat(64)}`), null);
});

test('a kill in the middle leaves neither half a folder nor a lost line', async () => {
  const dir = temporaryFolder('history');
  const history = openPolicyHistory(dir);
  mkdirSync(join(dir, `.${'1'.repeat(64)}.tmp`));
  await history.recordInForce(one, { files, ruleIds: [], atMs: 1000 });
  appendFileSync(join(dir, 'history.ndjson'), '{"policyVersion":"sha2');
  await history.recordInForce(two, { files, ruleIds: [], atMs: 2000 });
  assert.deepEqual(
    history.intervals().map((interval) => interval.policyVersion),
    [one, two],
  );
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('names that would leave the folder, and folders that cannot be written, are faults', async () => {
  const dir = temporaryFolder('history');
  for (const path of ['../x', '/etc/x', 'a/../../x', '..', 'a\0b']) {
    const outcome = await openPolicyHistory(dir).recordInForce(one, {
      files: [{ path, text: '' }],
      ruleIds: [],
      atMs: 1,
    });
    assert.ok(!outcome.ok && outcome.fault.code === 'policy_path_outside', path);
  }
  for (const version of ['sha256:../../x', 'x', `sha256:${'G'.repeat(64)}`]) {
    assert.ok(!(await openPolicyHistory(dir).recordInForce(version, { files, ruleIds: [], atMs: 1 })).ok);
    assert.equal(openPolicyHistory(dir).folderOf(version), null);
  }
  writeFileSync(join(dir, 'file'), '');
  const outcome = await openPolicyHistory(join(dir, 'file', 'policy')).recordInForce(one, {
    files,
    ruleIds: [],
    atMs: 1,
  });
  assert.ok(!outcome.ok && outcome.fault.code === 'policy_history_unwritable');
});

test('the age of a rule is told as of any time: from when it came, without a break', async () => {
  const dir = temporaryFolder('history');
  try {
    const history = openPolicyHistory(dir);
    const record = async (version: string, ruleIds: readonly string[], atMs: number): Promise<void> =>
      assert.deepEqual(await history.recordInForce(version, { files, ruleIds, atMs }), { ok: true, value: null });
    await record(one, ['a', 'b'], 1000);
    await record(two, ['b', 'c'], 2000);
    await record(one, ['a', 'b'], 3000);
    assert.deepEqual([...history.rulesSince(999)], []);
    assert.deepEqual([...history.rulesSince(1500)].sort(), [
      ['a', 1000],
      ['b', 1000],
    ]);
    assert.deepEqual([...history.rulesSince(2000)].sort(), [
      ['b', 1000],
      ['c', 2000],
    ]);
    assert.deepEqual([...history.rulesSince(9000)].sort(), [
      ['a', 3000],
      ['b', 1000],
    ]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
