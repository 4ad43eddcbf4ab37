import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictRecord } from '../../../test/support/verdict-record.ts';
import type { VerdictRecord } from '../../policy/index.ts';
import { findBrokenFlows, foldConnections, foldNamedShare } from './fold-status.ts';
import { createUsage, foldVerdict, pruneUsage, usageFromJson, usageToJson } from './usage.ts';

const dayMs = 86_400_000;
const now = Date.parse('2026-11-23T12:00:00.000Z');

function verdict(ageMs: number, change: Partial<VerdictRecord> = {}): VerdictRecord {
  return verdictRecord({ time: new Date(now - ageMs).toISOString(), ...change });
}

const denied: Partial<VerdictRecord> = { verdict: 'deny', reason: 'no_rule_matched' };

test('a flow that worked within 30 days and is refused now is broken', () => {
  const usage = createUsage();
  foldVerdict(usage, verdict(3 * dayMs));
  foldVerdict(usage, verdict(dayMs, denied));
  const { flows, count } = findBrokenFlows(usage, now);
  assert.equal(count, 1);
  assert.deepEqual(flows[0], {
    service: 'payments-api',
    host: 'bank.example.com',
    port: 443,
    lastAllowed: '2026-11-20T12:00:00.000Z',
    lastDenied: '2026-11-22T12:00:00.000Z',
    reason: 'no_rule_matched',
  });
});

test('a flow that never worked, works again, or last worked too long ago is not broken', () => {
  const cases: readonly (readonly VerdictRecord[])[] = [
    [verdict(dayMs, denied)],
    [verdict(3 * dayMs), verdict(2 * dayMs, denied), verdict(dayMs)],
    [verdict(31 * dayMs), verdict(dayMs, denied)],
  ];
  for (const records of cases) {
    const usage = createUsage();
    for (const record of records) foldVerdict(usage, record);
    assert.equal(findBrokenFlows(usage, now).count, 0);
  }
});

test('a tunnel whose server name was refused never worked, so it is not broken', () => {
  const usage = createUsage();
  foldVerdict(usage, verdict(dayMs));
  foldVerdict(usage, verdict(dayMs - 5, { ...denied, stage: 'sni', reason: 'sni_mismatch' }));
  assert.equal(findBrokenFlows(usage, now).count, 0);
  assert.equal(foldConnections(usage, now).total, 1);
});

test('a connection is named where its service and its host are known by name', () => {
  const usage = createUsage();
  assert.equal(foldNamedShare(usage, now), null);
  const to = (host: string): Partial<VerdictRecord> => ({
    destination: { host, port: 443, protocol: 'tls', address: null, class: 'ordinary' },
  });
  for (const host of ['a.example', 'b.example', 'c.example']) foldVerdict(usage, verdict(0, to(host)));
  // Neither: a question of a name, several together, and what was counted already.
  for (const change of [{ point: 'dns' }, to('*'), { stage: 'recheck' }] as const)
    foldVerdict(usage, verdict(0, change));
  assert.equal(foldNamedShare(usage, now), 1);
  foldVerdict(usage, verdict(0, { ...denied, principal: null }));
  assert.equal(foldNamedShare(usage, now), 0.75);
  foldVerdict(usage, verdict(0, { ...to('192.0.2.9'), repeats: 2 }));
  foldVerdict(usage, verdict(0, { ...to('2001:db8::9'), repeats: 2 }));
  assert.equal(foldNamedShare(usageFromJson(usageToJson(usage)) ?? usage, now), 0.375);
});

test('shares count each connection by the mode and strength that judged it', () => {
  const usage = createUsage();
  foldVerdict(usage, verdict(0));
  foldVerdict(usage, verdict(0, denied));
  foldVerdict(usage, verdict(0, { mode: 'observe', reason: 'observed', wouldDeny: true }));
  foldVerdict(usage, verdict(0, { stage: 'recheck', ...denied }));
  foldVerdict(usage, verdict(0, { principal: null, ...denied }));
  assert.deepEqual(foldConnections(usage, now), {
    total: 3,
    enforced: 2,
    enforcedShare: 2 / 3,
    wouldDeny: 1,
    byStrength: { 'shared-secret': 3 },
  });
});

test('usage survives being written and read', () => {
  const usage = createUsage();
  foldVerdict(usage, verdict(dayMs));
  assert.deepEqual(usageFromJson(usageToJson(usage)), { ...usage, recent: new Map() });
  assert.equal(usageFromJson('{"version":1'), null);
});

test('what is older than the window is dropped', () => {
  const usage = createUsage();
  foldVerdict(usage, verdict(40 * dayMs));
  pruneUsage(usage, now);
  assert.equal(usage.edges.size + usage.days.size, 0);
});
