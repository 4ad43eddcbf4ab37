import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import type { Protocol } from '../../destination/index.ts';
import { type DecisionRequest, explainDecision, noFacts } from '../index.ts';

const policy = policyOf([
  serviceNode('payments-api', {
    allow: [
      ruleNode('*.example.com:443'),
      ruleNode('bank-gateway.example.net:443', { reason: 'card settlement' }),
      ruleNode('http://plain.example.net:80'),
      ruleNode('@docs'),
    ],
  }),
  {
    kind: 'destinations',
    name: 'docs',
    owner: 'team-docs',
    at: { file: 'docs.yaml', line: 1, column: 1 },
    class: 'ordinary',
    members: [],
  },
]);

function request(name: string, port: number, protocol: Protocol | null = null): DecisionRequest {
  return {
    principal: {
      service: 'payments-api',
      identity: 'credential:payments-api',
      strength: 'shared-secret',
      source: null,
      expiresAt: null,
    },
    destination: { host: { kind: 'name', name }, port, protocol },
    facts: noFacts,
    now: 0,
  };
}

const rows: readonly (readonly [DecisionRequest, string])[] = [
  [request('example.com', 443), '`*.example.com` does not cover the apex `example.com`'],
  [request('bank-gateway.example.net', 8443), 'port `8443` is not in `443`'],
  [request('plain.example.net', 80, 'tls'), 'the rule is for `http://`, this is `tls://`'],
  [
    request('eu.bank-gateway.example.net', 443),
    '`bank-gateway.example.net` covers that name only; `*.bank-gateway.example.net` would cover `eu.bank-gateway.example.net`',
  ],
];

for (const [asked, why] of rows) {
  test(`the nearest miss says: ${why}`, () => {
    const explanation = explainDecision(policy, asked);
    assert.equal(explanation.verdict.reason, 'no_rule_matched');
    assert.equal(explanation.misses[0]?.why, why);
    assert.equal(explanation.looked, 3);
    assert.match(explanation.mend, /^add `- \{ to: ".*", reason: … \}` to `allow` of `payments-api`, or widen/);
  });
}

test('an allow shows the rule that matched with its reason and place', () => {
  const [rule] = explainDecision(policy, request('bank-gateway.example.net', 443)).matched;
  assert.equal(rule?.id, 'payments-api/allow/bank-gateway.example.net:443');
  assert.equal(rule?.reason, 'card settlement');
  assert.equal(rule?.file, 'payments/api.yaml');
});

test('a service that is not in the policy is said to be missing', () => {
  const asked = request('example.com', 443);
  const explanation = explainDecision(policy, { ...asked, principal: { ...asked.principal, service: 'gone' } });
  assert.equal(explanation.says, 'no service `gone` is in this policy');
});
