import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { planeNetwork, planeSegments } from '../../../test/support/plane-cases.ts';
import {
  addressOf,
  identityNode,
  policyOf,
  ruleNode,
  serviceNode,
  targetNode,
} from '../../../test/support/policy-fixture.ts';
import { ipAddressFromWords, parseIpPrefix } from '../../destination/index.ts';
import { identify } from '../../identity/index.ts';
import {
  addressPlane,
  type BoundaryNode,
  type DecisionFacts,
  noFacts,
  openGrants,
  type PolicyDocument,
  type SourceRun,
  sourcePlane,
} from '../index.ts';
import { placeOf } from './address-line.ts';

const at = { file: 'payments/api.yaml', line: 1, column: 1 };
const now = 1000;

function prefix(text: string): Extract<PolicyDocument, { kind: 'unattributed' }>['sources'][number] {
  const parsed = parseIpPrefix(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

const service = (name: string, ...identities: readonly string[]): PolicyDocument =>
  serviceNode(name, { identities: identities.map(identityNode), allow: [ruleNode('@vault')] });

const unattributed = (until: number, ...sources: readonly string[]): PolicyDocument => ({
  kind: 'unattributed',
  owner: 'o',
  at,
  sources: sources.map(prefix),
  until,
  reason: 'first rollout',
});

const vault: PolicyDocument = {
  kind: 'destinations',
  name: 'vault',
  owner: 'o',
  at,
  class: 'admin',
  members: [{ target: targetNode('tcp://203.0.113.7:22'), at }],
};

const boundary = (parts: Partial<BoundaryNode>): PolicyDocument => ({
  kind: 'boundary',
  owner: 'o',
  at,
  deny: [],
  requires: [],
  revoked: [],
  ...parts,
});

function texts(documents: readonly PolicyDocument[], facts: DecisionFacts = noFacts): readonly string[] {
  const runs = sourcePlane(policyOf([...documents, vault, planeSegments]), { facts, now });
  const keys = [...new Set(runs.map(({ key }) => key))];
  const one = (each: SourceRun): string => `${each.service}#${keys.indexOf(each.key)} ${each.from}-${each.to}`;
  return runs.map(one);
}

const rows: readonly (readonly [string, readonly string[], readonly PolicyDocument[], DecisionFacts?])[] = [
  ['credentials name no source', [], [service('api', 'credential:api', 'credential:api + source:10.20.0.0/24')]],
  ['a block names its service', ['api#0 10.20.0.0-10.20.0.255'], [service('api', 'source:10.20.0.0/24')]],
  [
    'blocks of one service that touch are one run',
    ['api#0 10.20.0.0-10.20.1.255', 'api#0 2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff'],
    [service('api', 'source:10.20.0.0/24', 'source:10.20.1.0/24', 'source:2001:db8::/48')],
  ],
  [
    'a source of two services is in no run',
    ['api#0 10.20.0.0-10.20.0.6', 'api#0 10.20.0.8-10.20.0.255'],
    [service('api', 'source:10.20.0.0/24'), service('job', 'source:10.20.0.7')],
  ],
  [
    'all of several sources is where they meet',
    ['api#0 10.20.0.128-10.20.0.255'],
    [service('api', 'source:10.20.0.0/24 + source:10.20.0.128/25')],
  ],
  [
    'a source without an identity is unattributed until its date',
    ['unattributed#0 10.30.0.0-10.30.0.255', 'api#1 10.30.1.0-10.30.1.255', 'unattributed#0 10.30.2.0-10.30.255.255'],
    [service('api', 'source:10.30.1.0/24'), unattributed(now + 1, '10.30.0.0/16'), unattributed(now, '10.40.0.0/16')],
  ],
  [
    'a revoked identity has a key of its own',
    ['api#0 10.20.0.0-10.20.0.255', 'api#1 10.20.1.0-10.20.1.255', 'api#0 10.20.2.0-10.20.2.255'],
    [service('api', 'source:10.20.0.0/24', 'source:10.20.1.0/24', 'source:10.20.2.0/24')],
    { ...noFacts, revokedIdentities: new Set(['source:10.20.1.0/24']) },
  ],
  [
    'an identity that a grant is for has a key of its own',
    ['api#0 10.20.0.0-10.20.0.255', 'api#1 10.20.1.0-10.20.1.255'],
    [service('api', 'source:10.20.0.0/24', 'source:10.20.1.0/24')],
    {
      ...noFacts,
      grants: openGrants(
        [grantOf('g', 'tcp://203.0.113.9:22', { service: 'api', identity: 'source:10.20.1.0/24' })],
        [],
      ),
    },
  ],
  [
    'sources that the boundary asks for have a key of their own',
    ['api#0 10.98.0.0-10.98.255.255', 'api#1 10.99.0.0-10.99.0.255', 'api#0 10.99.1.0-10.99.255.255'],
    [
      service('api', 'source:10.98.0.0/15'),
      boundary({ requires: [{ class: 'admin', strength: null, from: ['ops'], at }] }),
    ],
  ],
];

describe('the source plane', () => {
  for (const [title, expected, documents, facts] of rows) {
    test(title, () => assert.deepEqual(texts(documents, facts), expected));
  }
});

const blocks = [
  '10.0.0.0/8',
  '10.60.0.0/16',
  '10.60.1.0/24',
  '10.60.1.7',
  '10.99.0.0/24',
  '10.99.0.8/29',
  '::/0',
  'fd00:10::/32',
  'fd00:10::7',
];
const someIdentity = fc
  .array(fc.constantFrom(...blocks), { minLength: 1, maxLength: 2 })
  .map((sources) => sources.map((source) => `source:${source}`).join(' + '));
const someMixed = fc.oneof(
  { weight: 4, arbitrary: someIdentity },
  someIdentity.map((text) => `credential:api + ${text}`),
);
const someDocuments = fc
  .record({
    api: fc.array(someMixed, { maxLength: 4 }),
    job: fc.array(someMixed, { maxLength: 2 }),
    open: fc.array(fc.tuple(fc.constantFrom(now, now + 1, now + 2), fc.constantFrom(...blocks)), { maxLength: 2 }),
    from: fc.constantFrom([], ['ops'], ['ops', 'deep']),
    revoked: fc.constantFrom(...blocks),
  })
  .map(({ api, job, open, from, revoked }) => [
    service('api', ...api),
    service('job', ...job),
    ...open.map(([until, source]) => unattributed(until, source)),
    boundary({
      requires: from.length === 0 ? [] : [{ class: 'admin', strength: null, from, at }],
      revoked: [{ identity: `source:${revoked}`, reason: 'lost', at }],
    }),
    vault,
    planeSegments,
  ]);
const someSource = fc
  .tuple(fc.constantFrom(...blocks.map(prefix)), fc.boolean(), fc.constantFrom(0, 0, -1, 1))
  .map(([{ first, length }, isLast, offset]) => {
    const bits = first.family === 4 ? 32 : 128;
    const end = placeOf(first.words) + (isLast ? (1n << BigInt(bits - length)) - 1n : 0n);
    const place = BigInt.asUintN(bits, end + BigInt(offset));
    const shifts = first.family === 4 ? [0n] : [96n, 64n, 32n, 0n];
    return ipAddressFromWords(shifts.map((shift) => Number((place >> shift) & 0xffffffffn)));
  });
const facts: DecisionFacts = {
  ...noFacts,
  grants: openGrants(
    [
      grantOf('g', 'tcp://203.0.113.8:22', {
        service: 'api',
        identity: 'source:10.60.0.0/16',
        notBefore: 0,
        notAfter: 2000,
      }),
    ],
    [],
  ),
};

test('INVARIANT: a source is in a run exactly when it names that service, and reaches what the principal of its run does', () => {
  let named = 0;
  fc.assert(
    fc.property(someDocuments, fc.array(someSource, { minLength: 30 }), (documents, sources) => {
      const policy = policyOf(documents);
      const runs = sourcePlane(policy, { facts, now });
      const reached = (principal: SourceRun['principal']): unknown =>
        addressPlane(policy, { principal, facts, network: planeNetwork, now });
      for (const { text, family, words } of sources) {
        const who = identify(policy, { source: text, presented: [] }, now);
        const place = placeOf(words);
        const found = runs.filter(
          ({ from, to, ...run }) =>
            run.family === family && placeOf(addressOf(from).words) <= place && place <= placeOf(addressOf(to).words),
        );
        assert.ok(found.length <= 1, 'runs are apart');
        assert.equal(found[0]?.service, who.kind === 'identified' ? who.principal.service : undefined, text);
        if (who.kind !== 'identified' || found[0] === undefined) continue;
        named += 1;
        const of = runs.find(({ key }) => key === found[0]?.key);
        assert.deepEqual(reached(who.principal), reached(of?.principal ?? who.principal), text);
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(named > 300, `${named} sources were named: the cases prove little`);
});
