import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictRecord } from '../../../../test/support/verdict-record.ts';
import { createTrafficFold, type TrafficAddition } from '../../../flowmap/traffic/index.ts';
import type { VerdictRecord } from '../../../policy/index.ts';
import { createRecentTraffic, type RecentTraffic, recentMs } from './recent-traffic.ts';

const now = Date.parse('2026-11-23T12:00:00.000Z');

function addition(host: string, change: Partial<TrafficAddition> & { readonly record?: Partial<VerdictRecord> } = {}) {
  const { record, ...rest } = change;
  const destination = { host, port: 443, protocol: 'tls', address: null, class: 'ordinary' } as const;
  const [counted] = createTrafficFold([]).take(verdictRecord({ destination, ...record }));
  assert.ok(counted !== undefined);
  return { edge: counted.edge, atMs: now, connections: 1, bytesUp: 0, bytesDown: 0, ...rest };
}

function filled(...additions: readonly TrafficAddition[]): RecentTraffic {
  const recent = createRecentTraffic(now - 3_600_000);
  for (const one of additions) recent.take(one);
  return recent;
}

test('the last minutes are told by service and destination, those that carried most first', () => {
  const told = filled(
    addition('a.example'),
    addition('b.example', { connections: 0, bytesUp: 900, bytesDown: 100 }),
    addition('a.example', { record: { verdict: 'deny', reason: 'no_rule_matched' } }),
    addition('c.example', { record: { wouldDeny: true } }),
    addition('old.example', { atMs: now - recentMs - 10_000 }),
    addition('name.example', { record: { point: 'dns' } }),
  ).tell(now);
  assert.equal(told.since, '2026-11-23T11:55:00.000Z');
  const { allowed, wouldDeny, denied, bytesUp, bytesDown } = told;
  assert.deepEqual(
    { allowed, wouldDeny, denied, bytesUp, bytesDown },
    {
      ...{ allowed: 1, wouldDeny: 1, denied: 1, bytesUp: 900, bytesDown: 100 },
    },
  );
  assert.deepEqual(
    told.destinations.map(({ service, host }) => `${service} ${host}`),
    ['payments-api b.example', 'payments-api a.example', 'payments-api c.example'],
  );
  assert.equal(told.serviceCount, 1);
  assert.equal(told.ticks.length, 30);
  assert.deepEqual(told.ticks.at(-1), { allowed: 2, denied: 1 });
});

test('a connection that turns out refused is no longer let out', () => {
  const told = filled(addition('a.example'), addition('a.example', { connections: -1 })).tell(now);
  assert.equal(told.allowed, 0);
});

test('what is told of before the start is left out, and the answer says from when it counts', () => {
  const recent = createRecentTraffic(now - 60_000);
  recent.take(addition('a.example', { atMs: now - 120_000 }));
  recent.take(addition('a.example'));
  const told = recent.tell(now);
  assert.equal(told.allowed, 1);
  assert.equal(told.since, '2026-11-23T11:59:00.000Z');
});

test('made-up names and times fill no memory', () => {
  const recent = filled();
  for (let at = 0; at < 3_000; at += 1) recent.take(addition(`n${at}.example`));
  assert.equal(recent.tell(now).destinationCount, 1_000);
  assert.equal(recent.tell(now).allowed, 3_000);
  for (let at = 0; at < 100; at += 1) recent.take(addition('late.example', { atMs: now + at * 86_400_000 }));
  assert.ok(recent.tell(now + 99 * 86_400_000).allowed <= 1);
});
