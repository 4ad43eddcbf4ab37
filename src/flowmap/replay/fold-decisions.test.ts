import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictRecord } from '../../../test/support/verdict-record.ts';
import {
  type CompiledPolicy,
  compilePolicy,
  openPolicy,
  parsePolicyFiles,
  type VerdictRecord,
} from '../../policy/index.ts';
import {
  compareOnEdges,
  createCoverage,
  createDecisionFold,
  createEdgeJudge,
  principalsOfDecisions,
} from '../index.ts';

const nowMs = Date.UTC(2026, 10, 23);

function policyOf(rules: string, head = 'identities: [ "credential:payments-api" ]'): CompiledPolicy {
  const text = `apiVersion: exeat/v1\nservice: payments-api\nowner: team\nkind: app\n${head}\nallow: [ ${rules} ]\n`;
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
  assert.deepEqual(faults, []);
  const compiled = compilePolicy(tree, { version: 'sha256:1', seed: new Uint8Array(16) });
  assert.ok(compiled.ok);
  const opened = openPolicy(compiled.value);
  assert.ok(opened.ok);
  return opened.value;
}

const bank = '{ to: bank.example.com:443, reason: settlement }';
const before = policyOf(bank);
const observe = 'identities: [ "credential:payments-api" ]\nmode: observe\nobserveUntil: 2026-12-01';

function changes(
  now: CompiledPolicy,
  records: readonly VerdictRecord[],
  from = before,
): Record<string, readonly unknown[]> {
  const fold = createDecisionFold();
  for (const record of records) fold.add(record);
  const edges = fold.edges();
  const { groups } = compareOnEdges({
    edges,
    now: { policy: now, judge: createEdgeJudge(now, nowMs) },
    before: { policy: from, judge: createEdgeJudge(from, nowMs) },
    principalsOf: principalsOfDecisions(now, from),
    coverage: createCoverage([], { edges, shares: [], leftOut: [] }),
    ownerOf: () => null,
  });
  const told = Object.entries(groups).map(([change, list]) => [
    change,
    list.map(({ service, destination, connections, denied }) => [service, destination, connections, denied]),
  ]);
  return Object.fromEntries(told.filter(([, list]) => (list ?? []).length > 0));
}

const to = (host: string, change: Partial<VerdictRecord> = {}): VerdictRecord => {
  const { destination } = verdictRecord();
  return verdictRecord({ destination: destination === null ? null : { ...destination, host }, ...change });
};
const denied: Partial<VerdictRecord> = { verdict: 'deny', reason: 'no_rule_matched' };

test('a rule that goes newly denies what it let out, and a rule that comes newly allows what was refused', () => {
  const records = [to('bank.example.com'), to('bank.example.com'), to('new.example.com', { ...denied, repeats: 7 })];
  assert.deepEqual(changes(policyOf('{ to: new.example.com:443, reason: partner }'), records), {
    newly_denied: [['payments-api', 'bank.example.com', 2, 0]],
    newly_allowed: [['payments-api', 'new.example.com', 0, 7]],
  });
  assert.deepEqual(changes(before, records), {});
});

test('an identity that goes makes its connections nobody’s, and those of others stay', () => {
  const other = policyOf(bank, 'identities: [ "credential:renamed" ]');
  assert.deepEqual(changes(other, [to('bank.example.com')]), {
    newly_denied: [['credential:payments-api', 'bank.example.com', 1, 0]],
  });
  const unknown = { service: 'payments-api', identity: 'source:192.0.2.0/24', strength: 'network' } as const;
  assert.deepEqual(changes(other, [to('bank.example.com', { principal: unknown })]), {});
});

test('from observe to enforce, what no rule lets out is newly denied', () => {
  const records = [to('bank.example.com'), to('cdn.example.com', { wouldDeny: true, reason: 'observed' })];
  assert.deepEqual(changes(before, records, policyOf(bank, observe)), {
    newly_denied: [['payments-api', 'cdn.example.com', 1, 0]],
  });
});

test('a flow whose first bytes were refused never worked; names asked of DNS are no connections', () => {
  const fold = createDecisionFold();
  fold.add(to('bank.example.com', { ...denied, stage: 'sni', reason: 'sni_mismatch' }));
  fold.add(to('bank.example.com'));
  fold.add(to('bank.example.com', { point: 'dns' }));
  fold.add(to('*', denied));
  fold.add(verdictRecord({ principal: null }));
  assert.deepEqual(
    fold.edges().map(({ connections, denied: refused, clients }) => [connections, refused, clients]),
    [[0, 1, ['192.0.2.7']]],
  );
  assert.deepEqual(fold.counts, { judged: 1, leftOut: 2 });
});

test('edges past the bound are counted as left out', () => {
  const fold = createDecisionFold();
  for (let at = 0; at < 50_003; at += 1) fold.add(to(`h${at}.example.com`));
  assert.equal(fold.edges().length, 50_000);
  assert.deepEqual(fold.counts, { judged: 50_000, leftOut: 3 });
});
