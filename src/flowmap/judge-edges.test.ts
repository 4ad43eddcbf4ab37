import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { edgeOf } from '../../test/support/propose-fixture.ts';
import type { Edge } from './edge.ts';
import { createEdgeJudge, domainOf, type EdgeJudgement } from './judge-edges.ts';

const nowMs = Date.UTC(2026, 10, 28, 12);
const policy = policyOf([
  serviceNode('payments-api', {
    identities: [identityNode('credential:payments-api')],
    allow: [
      ruleNode('bank.example.com:443'),
      ruleNode('*.shards.example.net:443'),
      ruleNode('203.0.113.10:443'),
      ruleNode('udp://time.example.com:123'),
      ruleNode('http://plain.example.com:80'),
    ],
  }),
  serviceNode('watched', { mode: 'observe', observeUntil: nowMs + 1, allow: [ruleNode('bank.example.com:443')] }),
]);
const judge = createEdgeJudge(policy, nowMs);

const cases: readonly (readonly [title: string, edge: Partial<Edge>, stated: Partial<EdgeJudgement>])[] = [
  ['what a rule names is allowed', {}, { verdict: 'allow', reason: 'rule_matched' }],
  [
    'what no rule names is denied',
    { destination: 'other.example.com' },
    { verdict: 'deny', reason: 'no_rule_matched' },
  ],
  ['another port is another destination', { port: 8443 }, { verdict: 'deny', reason: 'no_rule_matched' }],
  [
    'an unknown service is denied as unknown',
    { principal: '10.0.0.5' },
    { verdict: 'deny', reason: 'identity_unknown' },
  ],
  ['what no rule can speak of is not judged', { protocol: 1, port: 0 }, { verdict: 'not-judged', reason: null }],
  ['an address that a rule names is allowed', { destination: '203.0.113.10', isName: false }, { verdict: 'allow' }],
  ['an address is not its name', { destination: '203.0.113.11', isName: false }, { verdict: 'deny' }],
  [
    'datagrams are judged as such',
    { destination: 'time.example.com', port: 123, protocol: 17, application: 'other' },
    { verdict: 'allow' },
  ],
  [
    'TCP to a name that is allowed by datagrams only',
    { destination: 'time.example.com', port: 123 },
    { verdict: 'deny' },
  ],
  [
    'plain HTTP that a rule admits',
    { destination: 'plain.example.com', port: 80, application: 'http' },
    { verdict: 'allow' },
  ],
  ['a name that points inside is denied', { addresses: ['10.0.0.9'] }, { verdict: 'deny' }],
  ['one good address among bad ones is enough', { addresses: ['10.0.0.9', '203.0.113.9'] }, { verdict: 'allow' }],
  [
    'one of several names that are all allowed is allowed',
    { destination: '203.0.113.50', isName: false, candidates: ['a.shards.example.net', 'b.shards.example.net'] },
    { verdict: 'allow' },
  ],
  [
    'one of several names of which some are allowed is uncertain',
    { destination: '203.0.113.50', isName: false, candidates: ['a.shards.example.net', 'evil.example.org'] },
    { verdict: 'uncertain' },
  ],
  [
    'one of several names of which none is allowed is denied',
    { destination: '203.0.113.50', isName: false, candidates: ['evil.example.net', 'evil.example.org'] },
    { verdict: 'deny' },
  ],
  [
    'a service that is only watched would be denied',
    { principal: 'watched', destination: 'x.example' },
    { verdict: 'allow', wouldDeny: true },
  ],
  [
    'metadata is denied',
    { destination: '169.254.169.254', isName: false, port: 80, application: 'http' },
    { verdict: 'deny' },
  ],
];

describe('what the policy says of an edge', () => {
  for (const [title, edge, stated] of cases) {
    test(title, () => {
      const judgement = judge.judge(edgeOf(edge));
      assert.deepEqual(
        Object.fromEntries(Object.keys(stated).map((key) => [key, judgement[key as keyof EdgeJudgement]])),
        stated,
      );
    });
  }

  test('edges are grouped by what somebody registered', () => {
    const domains = [
      edgeOf({ destination: 'a.b.example.com' }),
      edgeOf({ destination: 'bucket.s3.amazonaws.com' }),
      edgeOf({ destination: '203.0.113.5', isName: false }),
    ];
    assert.deepEqual(domains.map(domainOf), ['example.com', 'bucket.s3.amazonaws.com', '203.0.113.5']);
  });
});
