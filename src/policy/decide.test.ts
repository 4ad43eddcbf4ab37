import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyOf, ruleNode, serviceNode, targetNode } from '../../test/support/policy-fixture.ts';
import { nowForTest, requestOf } from '../../test/support/request-fixture.ts';
import { type CompiledPolicy, type DecisionRequest, decide } from './index.ts';

const now = nowForTest;
const at = { file: 'boundary.yaml', line: 1, column: 1 };

function request(
  host: string,
  port: number | null,
  extra: Partial<DecisionRequest['principal']> = {},
): DecisionRequest {
  return requestOf(host, port, { service: 'payments-api', identity: 'credential:payments-api', ...extra });
}

const policy: CompiledPolicy = policyOf([
  serviceNode('payments-api', {
    allow: [
      ruleNode('bank-gateway.example.com:443'),
      ruleNode('*.rules.example.net:443,8000-8100'),
      ruleNode('tcp://mail.example.com:25'),
      ruleNode('@vault'),
      ruleNode('203.0.113.0/24:443', { sniNone: true }),
      ruleNode('169.254.169.254:80'),
      ruleNode('paste.example.net:443'),
    ],
    deny: [ruleNode('never.rules.example.net:*')],
  }),
  serviceNode('watched', {
    mode: 'observe',
    observeUntil: now + 1000,
    allow: [ruleNode('one.one.one.one:443')],
    deny: [ruleNode('bad.example.org:*'), ruleNode('dns.quad9.net:*')],
  }),
  {
    kind: 'destinations',
    name: 'vault',
    owner: 'team-security',
    at,
    class: 'secret-manager',
    members: [{ target: targetNode('vault.example.com:443'), at }],
  },
  {
    kind: 'boundary',
    owner: 'team-security',
    at,
    deny: [ruleNode('paste.example.net:*')],
    requires: [{ class: 'secret-manager', strength: 'certificate', from: [], at }],
    revoked: [{ identity: 'credential:lost', reason: 'leaked', at }],
  },
]);

const rows: readonly (readonly [
  string,
  number | null,
  string,
  string,
  readonly string[],
  Partial<DecisionRequest['principal']>?,
])[] = [
  ['bank-gateway.example.com', 443, 'allow', 'rule_matched', ['payments-api/allow/bank-gateway.example.com:443']],
  ['bank-gateway.example.com', 444, 'deny', 'no_rule_matched', []],
  ['bank-gateway.example.com', null, 'allow', 'rule_matched', ['payments-api/allow/bank-gateway.example.com:443']],
  ['rules.example.net', 443, 'deny', 'no_rule_matched', []],
  ['a.b.rules.example.net', 8050, 'allow', 'rule_matched', ['payments-api/allow/*.rules.example.net:443,8000-8100']],
  ['never.rules.example.net', 443, 'deny', 'rule_denied', ['payments-api/deny/never.rules.example.net:*']],
  ['vault.example.com', 443, 'deny', 'strength_insufficient', ['boundary/requires/secret-manager']],
  [
    'vault.example.com',
    443,
    'allow',
    'rule_matched',
    ['payments-api/allow/@vault#vault.example.com:443'],
    { strength: 'certificate' },
  ],
  ['203.0.113.9', 443, 'allow', 'rule_matched', ['payments-api/allow/203.0.113.0/24:443']],
  ['203.0.114.9', 443, 'deny', 'no_rule_matched', []],
  ['169.254.169.254', 80, 'deny', 'boundary_denied', ['boundary/built-in/169.254.0.0/16']],
  ['metadata.google.internal', 80, 'deny', 'boundary_denied', ['boundary/built-in/metadata.google.internal:*']],
  ['paste.example.net', 443, 'deny', 'boundary_denied', ['boundary/deny/paste.example.net:*']],
  ['bank-gateway.example.com', 443, 'deny', 'identity_unknown', [], { service: 'gone' }],
  [
    'bank-gateway.example.com',
    443,
    'deny',
    'identity_revoked',
    ['boundary/revoked/credential:lost'],
    { identity: 'credential:lost' },
  ],
  ['anything.example.org', 443, 'allow', 'observed', [], { service: 'watched' }],
  ['bad.example.org', 443, 'allow', 'observed', ['watched/deny/bad.example.org:*'], { service: 'watched' }],
  // a public resolver is opened by a rule that names it, never by observing
  ['one.one.one.one', 443, 'allow', 'rule_matched', ['watched/allow/one.one.one.one:443'], { service: 'watched' }],
  ['one.one.one.one', 853, 'deny', 'resolver_closed', ['boundary/built-in/one.one.one.one'], { service: 'watched' }],
  ['dns.quad9.net', 443, 'deny', 'resolver_closed', ['boundary/built-in/dns.quad9.net'], { service: 'watched' }],
  ['paste.example.net', 443, 'deny', 'boundary_denied', ['boundary/deny/paste.example.net:*'], { service: 'watched' }],
  [
    'vault.example.com',
    443,
    'deny',
    'strength_insufficient',
    ['boundary/requires/secret-manager'],
    { service: 'watched' },
  ],
];

for (const [host, port, verdict, reason, ids, principal] of rows) {
  test(`${principal?.service ?? 'payments-api'} ${principal?.strength ?? ''} to ${host}:${port} is ${verdict}, ${reason}`, () => {
    const given = decide(policy, request(host, port, principal));
    assert.equal(given.reason, reason);
    assert.equal(given.verdict, verdict);
    assert.deepEqual(given.ruleIds, ids);
  });
}

test('past its date the clock enforces an observed service', () => {
  const late = { ...request('anything.example.org', 443, { service: 'watched' }), now: now + 1000 };
  assert.equal(decide(policy, late).reason, 'no_rule_matched');
  assert.equal(decide(policy, late).mode, 'enforce');
});
