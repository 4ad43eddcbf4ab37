import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entryAt, leavesOf } from '../../../test/support/audit-fixture.ts';
import { findingsOf, unpackEvidence } from '../../../test/support/unpack-evidence.ts';
import type { Entry, NewEntry } from '../../audit/index.ts';
import { failed, fault, ok } from '../../base/index.ts';
import { keepAuditLog } from '../audit/keep-audit-log.ts';
import { createNewId } from '../new-id.ts';
import { statePaths } from '../state-folder.ts';
import { type TakeEvidenceOptions, takeEvidence } from './take-evidence.ts';

// A log of 5,002 acts, a second apart: two more than one answer carries.

const root = mkdtempSync(join(tmpdir(), 'take-evidence-'));
const paths = statePaths(join(root, 'state'));
const count = 5_002;
const secondAt = (seq: number): string => entryAt(seq).time;
const actor = { kind: 'person', id: 'eve', via: 'token', credential: 'tok-2' } as const;
const noted: NewEntry[] = [];
const options: TakeEvidenceOptions = {
  clock: { now: () => Date.parse(secondAt(count)) },
  newId: createNewId(),
  desk: {
    note: async (entries) => {
      noted.push(...entries);
      return ok(entries.map((one, at): Entry => ({ v: 1, seq: count + at, time: secondAt(count), ...one })));
    },
  },
  writeLog: async () => ok(null),
  logFolder: paths.audit,
  temporaryFolder: paths.auditTemporary,
};

before(async () => {
  const leaves = leavesOf(count);
  const kept = await keepAuditLog({
    paths,
    leaves: { size: async () => count, leaves: async (from, until) => leaves.slice(from, until) },
    anchors: [],
    clock: options.clock,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  assert.ok(kept.ok);
  await kept.value.close();
});
after(() => rmSync(root, { recursive: true, force: true }));

test('a span of more than one answer carries is refused with the command that writes it, and nothing is noted', async () => {
  const taken = await takeEvidence(options, { span: {}, actor });
  assert.ok(!taken.ok);
  assert.equal(taken.fault.code, 'evidence_too_large');
  const [since, until] = ['2026-10-23T10:53:22.000Z', secondAt(count)];
  assert.match(taken.fault.message, new RegExp(`\`exeat audit export --from ${since} --to ${until} --out evidence\`$`));
  assert.deepEqual([noted, readdirSync(paths.auditTemporary)], [[], []]);
});

test('as much as one answer carries is handed out once it is noted, with the neighbours at both ends', async () => {
  const span = { since: secondAt(1), until: secondAt(5_001) };
  const taken = await takeEvidence(options, { span, actor });
  assert.ok(taken.ok, JSON.stringify(taken));
  assert.deepEqual([taken.value.entries, taken.value.size], [5_000, count]);
  assert.deepEqual(noted.splice(0), [
    {
      ...{ subject: 'audit', action: 'audit.exported', actor },
      details: { ...span, entries: 5_000, firstSeq: 1, lastSeq: 5_000, size: count },
    },
  ]);
  const { home, pack } = unpackEvidence(taken.value);
  assert.deepEqual(await findingsOf(pack, { keyFile: join(paths.audit, 'log.pub') }), []);
  rmSync(home, { recursive: true });
});

test('what cannot be noted is not handed out, and leaves no file behind', async () => {
  const desk = { note: async () => failed(fault('unavailable', 'the log cannot be written')) };
  const span = { since: secondAt(1), until: secondAt(9) };
  const taken = await takeEvidence({ ...options, desk }, { span, actor });
  assert.equal(taken.ok ? '' : taken.fault.code, 'unavailable');
  assert.deepEqual(readdirSync(paths.auditTemporary), []);
  for (const odd of [
    { since: 'never' },
    { since: span.until, until: span.since },
    { until: secondAt(0), since: secondAt(0) },
  ]) {
    const refused = await takeEvidence(options, { span: odd, actor });
    assert.equal(refused.ok ? '' : refused.fault.code, 'span_empty');
  }
});
