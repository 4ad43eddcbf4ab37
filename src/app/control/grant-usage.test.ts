import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictRecord } from '../../../test/support/verdict-record.ts';
import type { CloseRecord, VerdictRecord } from '../../policy/index.ts';
import {
  createGrantUsage,
  foldGrantUse,
  grantUsageFromData,
  grantUsageToData,
  type NearGrants,
  sumDebt,
} from './grant-usage.ts';

const now = Date.parse('2026-11-23T12:00:00.000Z');
const grant = '01KAR6F1R80000000000000G01';
const nobody: NearGrants = () => [];

function verdict(atMs: number, change: Partial<VerdictRecord> = {}): VerdictRecord {
  return verdictRecord({ time: new Date(atMs).toISOString(), grantId: grant, ...change });
}

function bytes(kind: 'progress' | 'close', atMs: number, bytesUp: number, bytesDown: number): CloseRecord {
  const id = '01KAR6F1R8000000000000000C';
  const flow = '01KAR6F1R8000000000000000B';
  const record = {
    kind,
    id,
    flow,
    time: new Date(atMs).toISOString(),
    bytesUp,
    bytesDown,
    durationMs: 1,
    grantId: grant,
  };
  return { ...record, endedBy: 'client', failure: null } as CloseRecord;
}

test('bytes of a long tunnel count once, although progress and close both tell them', () => {
  const usage = createGrantUsage();
  foldGrantUse(usage, verdict(now), nobody);
  foldGrantUse(usage, bytes('progress', now + 60_000, 100, 1_000), nobody);
  foldGrantUse(usage, bytes('progress', now + 120_000, 300, 1_500), nobody);
  foldGrantUse(usage, bytes('close', now + 3_700_000, 350, 1_500), nobody);
  const use = usage.uses.get(grant);
  assert.deepEqual(
    [use?.connections, use?.bytesUp, use?.bytesDown, use?.hoursUsed, use?.firstUseMs, use?.lastUseMs],
    [1, 350, 1_500, 2, now, now + 3_700_000],
  );
});

test('what a rule justified is traffic and no use of a grant, and the shares say so', () => {
  const usage = createGrantUsage();
  foldGrantUse(usage, verdict(now), nobody);
  for (let i = 0; i < 3; i++) foldGrantUse(usage, verdict(now, { grantId: null }), nobody);
  foldGrantUse(usage, { ...bytes('close', now, 10, 20), flow: 'other', grantId: undefined as never }, nobody);
  foldGrantUse(usage, bytes('close', now, 4, 6), nobody);
  assert.deepEqual(sumDebt(usage, now, 30), { connections: 4, grantConnections: 1, bytes: 40, grantBytes: 10 });
  assert.deepEqual(sumDebt(usage, now + 40 * 86_400_000, 30), {
    connections: 0,
    grantConnections: 0,
    bytes: 0,
    grantBytes: 0,
  });
});

test('a denial just outside is counted for the grants that it lies beside, and rechecks count nothing', () => {
  const usage = createGrantUsage();
  const near: NearGrants = (service, host) =>
    service === 'payments-api' && host.endsWith('.bank.example.com') ? [grant] : [];
  const miss = { verdict: 'deny', reason: 'no_rule_matched', grantId: null } as const;
  const host = (name: string): VerdictRecord['destination'] => ({
    host: name,
    port: 8443,
    protocol: 'tls',
    address: null,
    class: 'ordinary',
  });
  foldGrantUse(usage, verdict(now, { ...miss, destination: host('api.bank.example.com'), repeats: 4 }), near);
  foldGrantUse(usage, verdict(now, { ...miss, destination: host('example.org') }), near);
  foldGrantUse(usage, verdict(now, { ...miss, destination: host('api.bank.example.com'), stage: 'recheck' }), near);
  const use = usage.uses.get(grant);
  assert.deepEqual([use?.denialsJustOutside, use?.nearHosts], [4, ['api.bank.example.com:8443']]);
});

test('usage of grants survives being written and read', () => {
  const usage = createGrantUsage();
  foldGrantUse(usage, verdict(now), nobody);
  foldGrantUse(usage, bytes('progress', now, 5, 6), nobody);
  const read = grantUsageFromData(JSON.parse(JSON.stringify(grantUsageToData(usage))));
  assert.deepEqual(read, usage);
});
