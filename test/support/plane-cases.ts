import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type IpAddress,
  type IpPrefix,
  ipAddressFromWords,
  type Protocol,
  parseIpPrefix,
} from '../../src/destination/index.ts';
import type { Principal, Strength } from '../../src/identity/index.ts';
import {
  type CompiledPolicy,
  type DestinationsNode,
  type Grant,
  type NetworkFacts,
  noFacts,
  openGrants,
  type PlaneQuestion,
  type PolicyDocument,
  type RuleNode,
  type ServiceNode,
} from '../../src/policy/index.ts';
import { grantOf } from './grant-fixture.ts';
import { addressOf, policyOf, ruleNode, serviceNode, targetNode } from './policy-fixture.ts';

const at = { file: 'payments/api.yaml', line: 1, column: 1 };

/** Blocks of {@link somePlaneCase}: few, nested, of every kind, so that they meet often. */
export const planeBlocks: readonly string[] = [
  '203.0.113.0/24',
  '203.0.113.128/25',
  '203.0.113.7',
  '10.60.0.0/16',
  '10.60.1.0/24',
  '0.0.0.0/0',
  '128.0.0.0/1',
  '[2001:db8::/32]',
  '[2001:db8:1::/48]',
  '[64:ff9b::/96]',
  '[64:ff9b::cb00:7180/121]',
  '[fd00:10::/32]',
  '[::/0]',
];
const names = ['example.com', 'a.example.com', '*.example.com', '*'];
const ports = ['22', '22,443', '20-30', '*', '1-21,23-65535', '65535'];
const schemes = ['', 'http://', 'tcp://', 'tcp://', 'udp://'];
const groupNames = ['cards', 'vaults'];

/** This machine in {@link somePlaneCase}. */
export const planeNetwork: NetworkFacts = {
  ownAddresses: [addressOf('203.0.113.9'), addressOf('2001:db8::9'), addressOf('127.0.0.1')],
  localOrigins: [{ address: addressOf('127.0.0.1'), port: 25 }],
};

/** A question about a random policy. Time is 1000. */
export interface PlaneCase {
  readonly policy: CompiledPolicy;
  readonly question: PlaneQuestion;
  readonly grants: readonly Grant[];
}

const someTo = fc
  .tuple(fc.constantFrom(...schemes), fc.constantFrom(...planeBlocks, ...names), fc.constantFrom(...ports))
  .map(([scheme, host, port]) => `${scheme}${host}:${port}`);
const someStrength = fc.constantFrom<(Strength | null)[]>(null, null, null, 'network', 'token');
const someVia = fc.constantFrom([], [], ['inner'], ['deep'], ['ops', 'inner']);
const someRule = fc
  .record({
    to: fc.oneof({ weight: 4, arbitrary: someTo }, fc.constantFrom(...groupNames.map((name) => `@${name}`))),
    strength: someStrength,
    via: someVia,
    crossing: fc.constantFrom(null, null, { from: 'prod', to: 'test' }),
  })
  .map(({ to, ...extra }): RuleNode => ruleNode(to, extra));
const someRules = (maxLength: number): fc.Arbitrary<RuleNode[]> => fc.array(someRule, { maxLength });

const someService: fc.Arbitrary<ServiceNode> = fc
  .record({
    allow: someRules(5),
    deny: someRules(2),
    observeUntil: fc.constantFrom(null, null, null, 500, 1500),
  })
  .map((parts) => serviceNode('one', { ...parts, mode: parts.observeUntil === null ? 'enforce' : 'observe' }));

const someGroup = (name: string): fc.Arbitrary<DestinationsNode> =>
  fc
    .record({
      class: fc.constantFrom('ordinary' as const, 'admin' as const),
      members: fc.array(someTo, { maxLength: 3 }),
    })
    .map((parts) => ({
      kind: 'destinations',
      name,
      owner: 'o',
      at,
      class: parts.class,
      members: parts.members.map((to) => ({ target: targetNode(to), at })),
    }));

const someBoundary: fc.Arbitrary<PolicyDocument> = fc
  .record({
    deny: someRules(1),
    requires: fc.constantFrom(
      [],
      [],
      [{ class: 'admin' as const, strength: 'token' as const, from: [], at }],
      [{ class: 'admin' as const, strength: null, from: ['ops'], at }],
    ),
    revoked: fc.constantFrom([], [], [], [{ identity: 'source:10.20.0.0/24', reason: 'lost', at }]),
  })
  .map((parts) => ({ kind: 'boundary', owner: 'o', at, ...parts }));

/** The segments of every random policy. */
export const planeSegments: PolicyDocument = {
  kind: 'segments',
  owner: 'o',
  at,
  segments: [
    { name: 'inner', ranges: [prefix('10.60.0.0/16'), prefix('fd00:10::/32')], environment: null, at },
    { name: 'deep', ranges: [prefix('10.60.1.0/24')], environment: 'test', at },
    { name: 'ops', ranges: [prefix('10.99.0.0/24')], environment: 'prod', at },
  ],
};
const space: PolicyDocument = {
  kind: 'space',
  name: 'payments',
  owner: 'o',
  at,
  path: 'payments/**',
  owners: ['o'],
  environment: 'prod',
  identities: [],
};

// Grants for whole families are left out of an index, so they would prove nothing.
const someGrantTo = fc
  .tuple(fc.constantFrom('', 'tcp://', 'tcp://', 'udp://'), fc.constantFrom(...planeBlocks, ...names))
  .chain(([scheme, host]) => fc.constantFrom(...ports).map((port) => `${scheme}${host}:${port}`))
  .filter((to) => !to.includes('/0'));
const someGrant: fc.Arbitrary<Grant> = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    service: fc.constantFrom('one', 'one', 'two'),
    identity: fc.constantFrom(null, null, 'source:10.20.0.0/24', 'credential:one'),
    to: someGrantTo,
    via: someVia,
    strength: someStrength,
    notBefore: fc.constantFrom(0, 0, 0, 1001),
    notAfter: fc.constantFrom(1000, 2000, 3000, 4000),
    bytesUp: fc.constantFrom(null, null, 1000),
  })
  .map(({ id, to, ...extra }) => grantOf(id, to, extra));

/** A random policy with grants, and a source that asks. */
export const somePlaneCase: fc.Arbitrary<PlaneCase> = fc
  .record({
    documents: fc.tuple(someService, someBoundary, ...groupNames.map(someGroup)),
    spaces: fc.constantFrom([], [space]),
    grants: fc.uniqueArray(someGrant, { selector: ({ id }) => id, maxLength: 4 }),
    spent: fc.constantFrom(new Set<string>(), new Set(['b'])),
    source: fc.constantFrom('10.20.0.7', '10.99.0.7'),
  })
  .map(({ documents, spaces, grants, spent, source }) => ({
    policy: policyOf([...documents, ...spaces, planeSegments]),
    question: {
      principal: sourcePrincipal('one', source),
      facts: { ...noFacts, grants: openGrants(grants, [{ id: 'd', why: 'suspended' }]), spent },
      network: planeNetwork,
      now: 1000,
    },
    grants,
  }));

/** A principal that its source alone names. */
export function sourcePrincipal(service: string, source = '10.20.0.7'): Principal {
  return { service, identity: 'source:10.20.0.0/24', strength: 'network', source, expiresAt: null };
}

/** An address at, before or behind an end of a block, or of a range that is special; or of such an IPv4 carried inside IPv6. */
export const someEdgeAddress: fc.Arbitrary<IpAddress> = fc
  .tuple(
    fc.constantFrom(
      ...planeBlocks.map((block) => prefix(block.replaceAll(/[[\]]/g, ''))),
      ...[
        '10.0.0.0/8',
        '8.8.8.8',
        '2620:fe::9',
        '64:ff9b::808:808',
        '169.254.169.254',
        '100.100.100.200',
        '203.0.113.9',
        '192.168.0.0/16',
        '127.0.0.1',
      ].map(prefix),
      ...['2001:db8::9', 'fd00:ec2::254', 'fe80::/10', '2002::/16', '64:ff9b::a9fe:a9fe', '::ffff:203.0.113.7'].map(
        prefix,
      ),
      ...['64:ff9b::cb00:7109', '64:ff9b::a3c:7', '2001:db8::5efe:cb00:7107', '3000::'].map(prefix),
    ),
    fc.boolean(),
    fc.constantFrom(0, 0, -1, 1, 5),
    fc.boolean(),
  )
  .map(([{ first, length }, isLast, offset, isCarried]) => {
    const place = first.words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
    const bits = first.family === 4 ? 32 : 128;
    const edge = (isLast ? place + (1n << BigInt(bits - length)) - 1n : place) + BigInt(offset);
    const wrapped = BigInt.asUintN(bits, edge);
    if (first.family === 4 && !isCarried) return ipAddressFromWords([Number(wrapped)]);
    const whole = first.family === 4 ? (0x64ff9bn << 96n) + wrapped : wrapped;
    return ipAddressFromWords([96n, 64n, 32n, 0n].map((shift) => Number((whole >> shift) & 0xffffffffn)));
  });

/** A port at or beside an end of what random rules name. */
export const someEdgePort: fc.Arbitrary<number> = fc.constantFrom(
  1,
  2,
  19,
  20,
  21,
  22,
  23,
  25,
  30,
  31,
  443,
  444,
  65535,
);

/** Protocols that nothing reads. */
export const someOpaque: fc.Arbitrary<Extract<Protocol, 'tcp' | 'udp'>> = fc.constantFrom('tcp', 'udp');

function prefix(text: string): IpPrefix {
  const parsed = parseIpPrefix(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}
