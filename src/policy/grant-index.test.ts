import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantOf } from '../../test/support/grant-fixture.ts';
import { addressOf, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { nowForTest as now, requestOf } from '../../test/support/request-fixture.ts';
import {
  approveAddresses,
  type DecisionFacts,
  type DecisionRequest,
  decide,
  endOfGrant,
  type Grant,
  noFacts,
  openGrants,
  type PolicyDocument,
  type Reason,
  withEnded,
} from './index.ts';

const at = { file: 'policy.yaml', line: 1, column: 1 };
const hour = 3_600_000;

const documents: readonly PolicyDocument[] = [
  serviceNode('payments-api', {
    allow: [ruleNode('ruled.example.com:443'), ruleNode('strong.example.com:443', { strength: 'certificate' })],
    deny: [ruleNode('never.example.com:*')],
  }),
  serviceNode('watched', { mode: 'observe', observeUntil: now + hour, deny: [ruleNode('never.example.com:*')] }),
  {
    kind: 'destinations',
    name: 'vault',
    owner: 'team-security',
    at,
    class: 'secret-manager',
    members: [{ target: targetOf('vault.example.com:443'), at }],
  },
  {
    kind: 'boundary',
    owner: 'team-security',
    at,
    deny: [ruleNode('paste.example.net:*'), ruleNode('198.51.100.0/24:*')],
    requires: [{ class: 'secret-manager', strength: 'certificate', from: [], at }],
    revoked: [{ identity: 'credential:lost', reason: 'leaked', at }],
  },
];
const policy = policyOf(documents);

function targetOf(to: string): Extract<ReturnType<typeof ruleNode>['to'], { kind: 'target' }>['target'] {
  const { to: read } = ruleNode(to);
  assert.ok(read.kind === 'target');
  return read.target;
}

function factsOf(grants: readonly Grant[], more: Partial<DecisionFacts> = {}): DecisionFacts {
  return { ...noFacts, grants: openGrants(grants, []), ...more };
}

function ask(to: string, facts: DecisionFacts, extra: Partial<DecisionRequest['principal']> = {}): DecisionRequest {
  const colon = to.lastIndexOf(':');
  const request = requestOf(to.slice(0, colon), Number(to.slice(colon + 1)), { service: 'payments-api', ...extra });
  return { ...request, facts };
}

const one = grantOf('g1', 'bank.example.com:443');

const rows: readonly (readonly [
  title: string,
  grants: readonly Grant[],
  to: string,
  reason: Reason,
  grantId: string | null,
  principal?: Partial<DecisionRequest['principal']>,
])[] = [
  ['a live grant', [one], 'bank.example.com:443', 'grant_matched', 'g1'],
  ['another port', [one], 'bank.example.com:444', 'no_rule_matched', null],
  ['a name below', [one], 'a.bank.example.com:443', 'no_rule_matched', null],
  ['another service', [{ ...one, service: 'other' }], 'bank.example.com:443', 'no_rule_matched', null],
  ['its identity', [{ ...one, identity: 'credential:payments-api' }], 'bank.example.com:443', 'grant_matched', 'g1'],
  ['another identity', [{ ...one, identity: 'credential:else' }], 'bank.example.com:443', 'no_rule_matched', null],
  [
    'an identity that is proven beside',
    [{ ...one, identity: 'credential:else' }],
    'bank.example.com:443',
    'grant_matched',
    'g1',
    { alsoProven: ['credential:else'] },
  ],
  ['too weak a proof', [{ ...one, strength: 'certificate' }], 'bank.example.com:443', 'strength_insufficient', 'g1'],
  [
    'a proof that is strong enough',
    [{ ...one, strength: 'certificate' }],
    'bank.example.com:443',
    'grant_matched',
    'g1',
    { strength: 'certificate' },
  ],
  ['before its start', [{ ...one, notBefore: now + 1 }], 'bank.example.com:443', 'no_rule_matched', null],
  ['at its start', [{ ...one, notBefore: now }], 'bank.example.com:443', 'grant_matched', 'g1'],
  ['its last millisecond', [{ ...one, notAfter: now + 1 }], 'bank.example.com:443', 'grant_matched', 'g1'],
  ['its end', [{ ...one, notAfter: now }], 'bank.example.com:443', 'grant_expired', 'g1'],
  ['names below a name', [grantOf('g1', '*.example.com:443')], 'a.b.example.com:443', 'grant_matched', 'g1'],
  ['not that name itself', [grantOf('g1', '*.example.com:443')], 'example.com:443', 'no_rule_matched', null],
  ['an address', [grantOf('g1', '203.0.113.7:443')], '203.0.113.7:443', 'grant_matched', 'g1'],
  ['a block', [grantOf('g1', '203.0.113.0/24:443')], '203.0.113.7:443', 'grant_matched', 'g1'],
  ['a block beside', [grantOf('g1', '203.0.113.0/24:443')], '203.0.114.7:443', 'no_rule_matched', null],
  ['every name', [grantOf('g1', '*:443')], 'bank.example.com:443', 'no_rule_matched', null],
  ['every address', [grantOf('g1', '0.0.0.0/0:443')], '203.0.113.7:443', 'no_rule_matched', null],
  ['what is no target', [grantOf('g1', 'bank example')], 'bank.example.com:443', 'no_rule_matched', null],
  ['udp for a tunnel', [grantOf('g1', 'udp://bank.example.com:443')], 'bank.example.com:443', 'no_rule_matched', null],
  ['where a rule allows', [grantOf('g1', 'ruled.example.com:443')], 'ruled.example.com:443', 'rule_matched', null],
  [
    'where a rule wants more',
    [grantOf('g1', 'strong.example.com:443')],
    'strong.example.com:443',
    'strength_insufficient',
    null,
  ],
  ['what a rule denies', [grantOf('g1', 'never.example.com:443')], 'never.example.com:443', 'rule_denied', null],
  [
    'what a class requires',
    [grantOf('g1', 'vault.example.com:443')],
    'vault.example.com:443',
    'strength_insufficient',
    null,
  ],
  ['a revoked identity', [one], 'bank.example.com:443', 'identity_revoked', null, { identity: 'credential:lost' }],
  [
    'what the boundary denies',
    [grantOf('g1', 'paste.example.net:443')],
    'paste.example.net:443',
    'boundary_denied',
    null,
  ],
  ['a pattern over it', [grantOf('g1', '*.example.net:443')], 'paste.example.net:443', 'boundary_denied', null],
  ['a denied block', [grantOf('g1', '198.51.100.7:443')], '198.51.100.7:443', 'boundary_denied', null],
  ['metadata', [grantOf('g1', 'tcp://169.254.169.254:80')], '169.254.169.254:80', 'boundary_denied', null],
  [
    'metadata by name',
    [grantOf('g1', 'tcp://metadata.google.internal:80')],
    'metadata.google.internal:80',
    'boundary_denied',
    null,
  ],
  ['loopback', [grantOf('g1', 'tcp://127.0.0.1:80')], '127.0.0.1:80', 'boundary_denied', null],
  [
    'an observed service',
    [grantOf('g1', 'bank.example.com:443', { service: 'watched' })],
    'bank.example.com:443',
    'grant_matched',
    'g1',
    { service: 'watched', identity: 'credential:watched' },
  ],
  [
    'an observed service and its own deny',
    [grantOf('g1', 'never.example.com:443', { service: 'watched' })],
    'never.example.com:443',
    'observed',
    null,
    { service: 'watched', identity: 'credential:watched' },
  ],
  [
    'of two the one with most time left',
    [one, grantOf('g2', '*.example.com:443', { notAfter: now + 2 * hour })],
    'bank.example.com:443',
    'grant_matched',
    'g2',
  ],
  [
    'of two that end together the one with the first id',
    [grantOf('g2', '*.example.com:443'), one],
    'bank.example.com:443',
    'grant_matched',
    'g1',
  ],
  [
    'a live one beside one that ended',
    [one, grantOf('g0', 'bank.example.com:443', { notAfter: now })],
    'bank.example.com:443',
    'grant_matched',
    'g1',
  ],
];

for (const [title, grants, to, reason, grantId, principal] of rows) {
  test(`a grant: ${title}: ${reason}`, () => {
    const verdict = decide(policy, ask(to, factsOf(grants), principal));
    assert.deepEqual([verdict.reason, verdict.grantId], [reason, grantId]);
    assert.equal(
      verdict.verdict,
      /matched$/.test(reason) && reason !== 'no_rule_matched' ? 'allow' : reason === 'observed' ? 'allow' : 'deny',
    );
    assert.deepEqual(verdict.reason === 'grant_matched' ? verdict.ruleIds : [], []);
  });
}

describe('a grant that ended', () => {
  test('before its time says how, and only it stops counting', () => {
    for (const [why, reason] of [
      ['revoked', 'grant_revoked'],
      ['suspended', 'grant_suspended'],
      ['expired', 'grant_expired'],
    ] as const) {
      const ended = openGrants([one], [{ id: 'g1', why }]);
      assert.equal(decide(policy, ask('bank.example.com:443', factsOf([], { grants: ended }))).reason, reason);
      const both = openGrants([one, grantOf('g2', '*.example.com:443')], [{ id: 'g1', why }]);
      assert.equal(decide(policy, ask('bank.example.com:443', factsOf([], { grants: both }))).grantId, 'g2');
    }
  });

  test('is ended over an index that was open already, and why a list says so stands', () => {
    const ended = withEnded(openGrants([one], [{ id: 'g2', why: 'suspended' }]), [
      { id: 'g1', why: 'revoked' },
      { id: 'g2', why: 'revoked' },
    ]);
    assert.deepEqual([...ended.ended].sort(), [
      ['g1', 'grant_revoked'],
      ['g2', 'grant_suspended'],
    ]);
  });

  test('has a spent budget', () => {
    const spent = factsOf([one], { spent: new Set(['g1']) });
    const verdict = decide(policy, ask('bank.example.com:443', spent));
    assert.deepEqual([verdict.verdict, verdict.reason, verdict.grantId], ['deny', 'budget_spent', 'g1']);
  });

  test('has its end told by its id, also when no list names it any more', () => {
    const index = openGrants([one], []);
    assert.equal(endOfGrant(index, 'g1', now, new Set()), null);
    assert.equal(endOfGrant(index, 'g1', now + hour, new Set()), 'grant_expired');
    assert.equal(endOfGrant(index, 'g1', now, new Set(['g1'])), 'budget_spent');
    assert.equal(endOfGrant(index, 'gone', now, new Set()), 'grant_revoked');
  });

  test('under observe is what enforce would have answered', () => {
    const facts = factsOf([grantOf('g1', 'bank.example.com:443', { service: 'watched', notAfter: now })]);
    const verdict = decide(policy, ask('bank.example.com:443', facts, { service: 'watched' }));
    assert.deepEqual([verdict.reason, verdict.wouldDenyReason], ['observed', 'grant_expired']);
  });
});

test('what a grant admits is its protocol and no more', () => {
  for (const [to, admitted] of [
    ['bank.example.com:443', 'tls'],
    ['http://bank.example.com:443', 'http'],
    ['tcp://bank.example.com:443', 'tcp'],
  ] as const) {
    const { admission } = decide(policy, ask('bank.example.com:443', factsOf([grantOf('g1', to)])));
    assert.deepEqual(
      Object.entries(admission).flatMap(([name, is]) => (is ? [name] : [])),
      [admitted],
    );
  }
});

describe('addresses under a grant', () => {
  const segments = policyOf([
    serviceNode('payments-api', {}),
    {
      kind: 'space',
      name: 'all',
      owner: 'team-platform',
      at,
      path: '**',
      owners: ['team-payments'],
      environment: 'prod',
      identities: ['credential:*'],
    },
    {
      kind: 'segments',
      owner: 'team-network',
      at,
      segments: [
        segmentOf('ends', '10.60.0.0/16', 'prod'),
        segmentOf('tests', '10.70.0.0/16', 'test'),
        segmentOf('wide', '10.0.0.0/8', null),
      ],
    },
    { kind: 'boundary', owner: 'team-security', at, deny: [ruleNode('203.0.113.250:*')], requires: [], revoked: [] },
  ] as readonly PolicyDocument[]);

  for (const [via, address, reason] of [
    [[], '203.0.113.7', 'grant_matched'],
    [[], '10.60.0.7', 'address_forbidden'],
    [[], '127.0.0.1', 'address_forbidden'],
    [[], '169.254.169.254', 'address_forbidden'],
    [[], '203.0.113.250', 'address_forbidden'],
    [['ends'], '10.60.0.7', 'grant_matched'],
    [['ends'], '203.0.113.7', 'address_forbidden'],
    [['ends'], '10.71.0.7', 'address_forbidden'],
    [['nowhere'], '10.60.0.7', 'address_forbidden'],
    [['tests'], '10.70.0.7', 'environment_crossing'],
    [['wide'], '10.70.0.7', 'environment_crossing'],
    [['wide'], '10.60.0.7', 'grant_matched'],
  ] as const) {
    test(`via ${via.join(', ') || 'nothing'}: ${address} gives ${reason}`, () => {
      const request = ask('kms.example.com:443', factsOf([grantOf('g1', 'kms.example.com:443', { via })]));
      const question = { addresses: [addressOf(address)], network: { ownAddresses: [], localOrigins: [] } };
      const found = approveAddresses(segments, request, decide(segments, request), question);
      assert.equal(found.reason, reason);
      assert.deepEqual(found.grantIds, reason === 'grant_matched' ? ['g1'] : []);
    });
  }

  test('the grant that holds the address is the one that is accounted to', () => {
    const grants = [
      grantOf('public', 'kms.example.com:443', { notAfter: now + 2 * hour }),
      grantOf('private', 'tcp://kms.example.com:443', { via: ['ends'] }),
    ];
    const request = ask('kms.example.com:443', factsOf(grants));
    const addresses = [addressOf('10.60.0.7'), addressOf('203.0.113.7')];
    const verdict = decide(segments, request);
    const found = approveAddresses(segments, request, verdict, {
      addresses,
      network: { ownAddresses: [], localOrigins: [] },
    });
    assert.equal(verdict.grantId, 'public');
    assert.deepEqual(found.grantIds, ['private', 'public']);
    assert.deepEqual(
      found.admissions.map(({ tcp }) => tcp),
      [true, false],
    );
  });
});

function segmentOf(name: string, range: string, environment: string | null): object {
  const { to } = ruleNode(`${range}:443`);
  assert.ok(to.kind === 'target' && to.target.host.kind === 'prefix');
  return { name, ranges: [to.target.host.prefix], environment, at };
}
