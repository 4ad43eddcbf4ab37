import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { nowForTest, requestOf } from '../../test/support/request-fixture.ts';
import { parseIpPrefix } from '../destination/index.ts';
import { approveAddresses, type DecisionRequest, decide, noFacts, type SegmentNode } from './index.ts';

const at = { file: 'payments/api.yaml', line: 1, column: 1 };
const now = nowForTest;

function segment(name: string, range: string, environment: string | null): SegmentNode {
  const prefix = parseIpPrefix(range);
  assert.ok(prefix.ok);
  return { name, ranges: [prefix.value], environment, at };
}

const policy = policyOf([
  serviceNode('payments-api', {
    allow: [
      ruleNode('bank-gateway.example.com:443'),
      ruleNode('kms.example.com:443', { via: ['endpoints'] }),
      ruleNode('both.example.com:443'),
      ruleNode('both.example.com:443', { via: ['endpoints'], ech: true }),
      ruleNode('staging.example.com:443', { via: ['staging'] }),
      ruleNode('named.example.com:443', { via: ['staging'], crossing: { from: 'prod', to: 'staging' } }),
      ruleNode('public-segment.example.com:443', { via: ['office'] }),
      ruleNode('10.60.0.0/16:443', { via: ['endpoints'] }),
      ruleNode('wide.example.com:443', { via: ['everything'] }),
    ],
  }),
  serviceNode('watched', {
    mode: 'observe',
    observeUntil: now + 1000,
    allow: [ruleNode('origin.example.com:8443')],
  }),
  serviceNode('homeless', {
    at: { ...at, file: 'elsewhere.yaml' },
    allow: [ruleNode('kms.example.com:443', { via: ['endpoints'] })],
  }),
  {
    kind: 'segments',
    owner: 'team-network',
    at,
    segments: [
      segment('endpoints', '10.60.0.0/16', 'prod'),
      segment('staging', '10.70.0.0/16', 'staging'),
      segment('office', '203.0.113.0/24', null),
      segment('everything', '10.0.0.0/8', null),
    ],
  },
  {
    kind: 'space',
    name: 'payments',
    owner: 'team-platform',
    at,
    path: 'payments/**',
    owners: ['team-payments'],
    environment: 'prod',
    identities: [],
  },
  {
    kind: 'boundary',
    owner: 'team-security',
    at,
    deny: [ruleNode('198.51.100.0/24:*')],
    requires: [],
    revoked: [],
  },
]);

const network = {
  ownAddresses: [addressOf('203.0.113.250'), addressOf('127.0.0.1')],
  localOrigins: [{ address: addressOf('127.0.0.1'), port: 8443 }],
};

function approve(
  service: string,
  host: string,
  port: number,
  addresses: readonly string[],
): {
  approved: readonly string[];
  reason: string;
  isMixed: boolean;
} {
  const request = requestOf(host, port, { service, source: null });
  const question = { addresses: addresses.map(addressOf), network };
  const { approved, reason, isMixed } = approveAddresses(policy, request, decide(policy, request), question);
  return { approved: approved.map(({ address }) => address.text), reason, isMixed };
}

const rows: readonly (readonly [string, string, number, readonly string[], string, readonly string[]])[] = [
  ['payments-api', 'bank-gateway.example.com', 443, ['203.0.113.7'], 'rule_matched', ['203.0.113.7']],
  ['payments-api', 'bank-gateway.example.com', 443, ['10.60.0.7'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['203.0.113.7', '10.60.0.7'], 'rule_matched', ['203.0.113.7']],
  ['payments-api', 'bank-gateway.example.com', 443, ['169.254.169.254'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['168.63.129.16'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['::ffff:203.0.113.7'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['64:ff9b::7f00:1'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['198.51.100.7'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['64:ff9b::198.51.100.7'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['64:ff9b::203.0.113.250'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['64:ff9b::203.0.113.7'], 'rule_matched', ['64:ff9b::cb00:7107']],
  ['payments-api', 'bank-gateway.example.com', 443, ['203.0.113.250'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, ['127.0.0.1'], 'address_forbidden', []],
  ['payments-api', 'bank-gateway.example.com', 443, [], 'address_forbidden', []],
  ['payments-api', 'kms.example.com', 443, ['10.60.0.7'], 'rule_matched', ['10.60.0.7']],
  ['payments-api', 'kms.example.com', 443, ['203.0.113.7'], 'address_forbidden', []],
  ['payments-api', 'kms.example.com', 443, ['10.70.0.7'], 'address_forbidden', []],
  ['payments-api', 'both.example.com', 443, ['10.60.0.7', '203.0.113.7'], 'rule_matched', ['10.60.0.7', '203.0.113.7']],
  ['payments-api', 'staging.example.com', 443, ['10.70.0.7'], 'environment_crossing', []],
  ['payments-api', 'named.example.com', 443, ['10.70.0.7'], 'rule_matched', ['10.70.0.7']],
  ['payments-api', 'public-segment.example.com', 443, ['203.0.113.7', '192.0.2.7'], 'rule_matched', ['203.0.113.7']],
  ['payments-api', 'wide.example.com', 443, ['10.80.0.7'], 'rule_matched', ['10.80.0.7']],
  ['payments-api', 'wide.example.com', 443, ['10.60.0.7'], 'rule_matched', ['10.60.0.7']],
  ['payments-api', 'wide.example.com', 443, ['10.70.0.7'], 'environment_crossing', []],
  ['payments-api', '10.60.0.9', 443, ['10.60.0.9'], 'rule_matched', ['10.60.0.9']],
  ['payments-api', 'other.example.com', 443, ['203.0.113.7'], 'no_rule_matched', []],
  ['homeless', 'kms.example.com', 443, ['10.60.0.7'], 'environment_crossing', []],
  ['watched', 'anything.example.org', 443, ['203.0.113.7'], 'observed', ['203.0.113.7']],
  ['watched', 'anything.example.org', 443, ['10.60.0.7'], 'address_forbidden', []],
  ['watched', 'anything.example.org', 8443, ['127.0.0.1'], 'address_forbidden', []],
  ['watched', 'origin.example.com', 8443, ['127.0.0.1'], 'local_origin', ['127.0.0.1']],
  ['watched', '127.0.0.1', 8443, ['127.0.0.1'], 'boundary_denied', []],
];

for (const [service, host, port, addresses, reason, approved] of rows) {
  test(`${service}: ${host}:${port} at ${addresses.join(', ') || 'no address'} gives ${reason}`, () => {
    const answer = approve(service, host, port, addresses);
    assert.equal(answer.reason, reason);
    assert.deepEqual(answer.approved, approved);
    assert.equal(answer.isMixed, approved.length > 0 && approved.length < addresses.length);
  });
}

test('INVARIANT: a verdict that another policy gave is made again before anything is approved', () => {
  const open = policyOf([serviceNode('payments-api', { allow: [ruleNode('*:443')] })]);
  const request: DecisionRequest = {
    principal: { service: 'payments-api', identity: 'x', strength: 'network', source: null, expiresAt: null },
    destination: { host: { kind: 'name', name: 'old.example.org' }, port: 443, protocol: null },
    facts: noFacts,
    now,
  };
  const question = { addresses: [addressOf('203.0.113.7')], network };
  const answer = approveAddresses(policy, request, decide(open, request), question);
  assert.equal(answer.reason, 'no_rule_matched');
  assert.deepEqual(answer.approved, []);
});

test('borrowed protocol: an address carries only what the rules that justify it admit', () => {
  const ends: SegmentNode = segment('ends', '10.60.0.0/16', null);
  const mixed = policyOf([
    serviceNode('payments-api', {
      allow: [ruleNode('tcp://*.example.com:443', { via: ['ends'] }), ruleNode('api.example.com:443')],
    }),
    { kind: 'segments', owner: 'team-network', at, segments: [ends] },
  ]);
  const request: DecisionRequest = {
    principal: { service: 'payments-api', identity: 'x', strength: 'network', source: null, expiresAt: null },
    destination: { host: { kind: 'name', name: 'api.example.com' }, port: 443, protocol: null },
    facts: noFacts,
    now,
  };
  const question = { addresses: [addressOf('203.0.113.7'), addressOf('10.60.0.7')], network };
  const { approved, admissions } = approveAddresses(mixed, request, decide(mixed, request), question);
  assert.deepEqual(
    approved.map(({ address }, index) => [address.text, admissions[index]?.tls, admissions[index]?.tcp]),
    [
      ['203.0.113.7', true, false],
      ['10.60.0.7', false, true],
    ],
  );
});
