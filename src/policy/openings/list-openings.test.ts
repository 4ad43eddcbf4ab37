import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Destination, parseWireHost } from '../../destination/index.ts';
import { parsePolicyFiles } from '../documents/parse-policy-files.ts';
import { listPolicyOpenings, type OpeningQuery } from './list-openings.ts';

const text = `
apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api" ]
allow:
  - { to: bank.example.com:443, reason: card settlement }
  - { to: "*.bank.example.com:8443", via: payments-net, reason: batch }
  - { to: "@schemes", reason: scheme rules }
  - { to: "203.0.113.0/24:443", reason: partner range }
---
apiVersion: exeat/v1
service: reports
owner: team-reports
kind: app
mode: observe
observeUntil: 2026-12-10T00:00:00Z
identities: [ "credential:reports" ]
---
apiVersion: exeat/v1
destinations: schemes
owner: team-cards
members: [ schemes.example.net:443, "*.rules.example.net:443" ]
---
apiVersion: exeat/v1
owner: team-network
segments: { payments-net: { ranges: [ 10.60.0.0/16 ], environment: null } }
---
apiVersion: exeat/v1
owner: team-network
unattributed: { sources: [ 10.9.0.0/16 ], until: 2026-12-01T00:00:00Z, reason: first rollout }
`.replace(', environment: null', '');

const now = Date.parse('2026-11-28T00:00:00Z');
const all: OpeningQuery = { service: null, owner: null, destinations: null, nowMs: now, most: 100 };
const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);

function at(host: string, port: number | null): Destination {
  const parsed = parseWireHost(host);
  assert.ok(parsed.ok);
  return { host: parsed.value, port, protocol: null };
}

function ids(query: Partial<OpeningQuery>): readonly string[] {
  return listPolicyOpenings(tree, { ...all, ...query }).openings.map(({ id }) => id);
}

test('every allow is listed with its identities and place, a shared list once for each member', () => {
  assert.deepEqual(faults, []);
  assert.deepEqual(ids({}), [
    'payments-api/allow/bank.example.com:443',
    'payments-api/allow/*.bank.example.com:8443',
    'payments-api/allow/@schemes#schemes.example.net:443',
    'payments-api/allow/@schemes#*.rules.example.net:443',
    'payments-api/allow/203.0.113.0/24:443',
    'reports/observe',
    'unattributed/10.9.0.0/16',
  ]);
  const [first] = listPolicyOpenings(tree, all).openings;
  assert.deepEqual(first, {
    kind: 'rule',
    id: 'payments-api/allow/bank.example.com:443',
    service: 'payments-api',
    identities: ['credential:payments-api'],
    to: 'bank.example.com:443',
    via: [],
    owner: 'team-payments',
    reason: 'card settlement',
    at: { file: 'a.yaml', line: 8, column: 5 },
    untilMs: null,
  });
});

test('what is asked for is covered by patterns, ports and ranges; what lets anything out is always named', () => {
  const open = ['reports/observe', 'unattributed/10.9.0.0/16'];
  assert.deepEqual(ids({ destinations: [at('bank.example.com', 443)] }), [
    'payments-api/allow/bank.example.com:443',
    ...open,
  ]);
  assert.deepEqual(ids({ destinations: [at('a.bank.example.com', null)] }), [
    'payments-api/allow/*.bank.example.com:8443',
    ...open,
  ]);
  assert.deepEqual(ids({ destinations: [at('203.0.113.9', 443)] }), ['payments-api/allow/203.0.113.0/24:443', ...open]);
  assert.deepEqual(ids({ destinations: [at('203.0.113.9', 80)] }), open);
});

test('service and owner narrow, dates that passed open nothing, and what a bound leaves out is counted', () => {
  assert.deepEqual(ids({ service: 'reports' }), ['reports/observe']);
  assert.deepEqual(ids({ owner: 'team-network' }), ['unattributed/10.9.0.0/16']);
  assert.deepEqual(ids({ service: 'reports', nowMs: Date.parse('2026-12-10T00:00:00Z') }), []);
  const { openings, leftOut } = listPolicyOpenings(tree, { ...all, most: 3 });
  assert.deepEqual([openings.length, leftOut], [3, 4]);
});
