import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressOf, policyOf, ruleNode, serviceNode, targetNode } from '../../test/support/policy-fixture.ts';
import {
  classifyAddress,
  type Destination,
  destinationClasses,
  findPlatformName,
  findPublicResolver,
  type Protocol,
  patternCovers,
  portsCover,
  type Target,
  targetCovers,
} from '../destination/index.ts';
import { isAtLeast, type Strength, strengths } from '../identity/index.ts';
import {
  type BoundaryNode,
  type DecisionRequest,
  type DestinationsNode,
  decide,
  noFacts,
  type PolicyDocument,
  type Reason,
  type RuleNode,
  type ServiceNode,
} from './index.ts';

// A slow evaluator that is obviously right: it walks the nodes in the order of the specification and knows no tables.

interface Answer {
  readonly verdict: 'allow' | 'deny';
  readonly reason: Reason;
  readonly wouldDenyReason: Reason | null;
  readonly ids: readonly string[];
}

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one walk in the order of the specification, to be read against it
function reference(documents: readonly PolicyDocument[], request: DecisionRequest): Answer {
  const of = <K extends PolicyDocument['kind']>(kind: K): Extract<PolicyDocument, { kind: K }>[] =>
    documents.filter((each): each is Extract<PolicyDocument, { kind: K }> => each.kind === kind);
  const { principal, destination, now } = request;
  const service = of('service').find((each) => each.name === principal.service);
  if (service === undefined) return answer('identity_unknown');
  const groups = of('destinations');
  if (isBuiltIn(destination)) return answer('boundary_denied', null);
  const banned = of('boundary').flatMap((each) => matches('boundary/deny', each.deny, groups, denies));
  if (banned.length > 0)
    return answer(
      'boundary_denied',
      banned.map(({ id }) => id),
    );
  const isRevoked = of('boundary').some((each) => each.revoked.some(({ identity }) => identity === principal.identity));
  if (isRevoked || request.facts.revokedIdentities.has(principal.identity)) return answer('identity_revoked', null);
  const isObserved = service.mode === 'observe' && service.observeUntil !== null && now < service.observeUntil;
  const denied = matches(`${service.name}/deny`, service.deny, groups, denies);
  if (denied.length > 0 && !isObserved)
    return answer(
      'rule_denied',
      denied.map(({ id }) => id),
    );
  const found = classesOf(groups);
  for (const each of of('boundary').flatMap((boundary) => boundary.requires)) {
    if (!found.has(each.class) || each.strength === null) continue;
    if (!isAtLeast(principal.strength, each.strength)) return answer('strength_insufficient', null);
  }
  const matched = matches(`${service.name}/allow`, service.allow, groups, (target) =>
    targetCovers(target, destination),
  );
  const strong = matched.filter(({ rule }) => rule.strength === null || isAtLeast(principal.strength, rule.strength));
  if (matched.length > 0 && strong.length === 0)
    return answer(
      'strength_insufficient',
      matched.map(({ id }) => id),
    );
  const isClosed = findPublicResolver(destination.host) !== null;
  if (denied.length > 0 && isClosed) return answer('resolver_closed', null);
  if (denied.length > 0)
    return observed(
      'rule_denied',
      denied.map(({ id }) => id),
    );
  if (strong.length > 0)
    return {
      ...answer(
        'rule_matched',
        strong.map(({ id }) => id),
      ),
      verdict: 'allow',
    };
  if (!isObserved) return answer('no_rule_matched');
  return isClosed ? answer('resolver_closed', null) : observed('no_rule_matched', []);

  function denies(target: Target): boolean {
    if (!patternCovers(target.host, destination.host)) return false;
    if (target.protocol === 'udp' && destination.protocol !== 'udp') return false;
    if (destination.port !== null) return portsCover(target.ports, destination.port);
    return target.ports.length === 1 && target.ports[0]?.first === 1 && target.ports[0].last === 65535;
  }

  function classesOf(documentsOfClass: readonly DestinationsNode[]): ReadonlySet<string> {
    const found = new Set<string>(['ordinary']);
    for (const { members, class: name } of documentsOfClass) {
      const isMember = members.some(
        ({ target }) => patternCovers(target.host, destination.host) && portsCover(target.ports, destination.port),
      );
      if (isMember) found.add(name);
    }
    return found;
  }
}

function isBuiltIn({ host }: Destination): boolean {
  return host.kind === 'name'
    ? findPlatformName(host.name) !== null
    : classifyAddress(host.address).kind === 'forbidden';
}

function matches(
  list: string,
  rules: readonly RuleNode[],
  groups: readonly DestinationsNode[],
  covers: (target: Target) => boolean,
): readonly { readonly id: string; readonly rule: RuleNode }[] {
  return rules.flatMap((rule) => {
    if (rule.to.kind === 'target') {
      return covers(rule.to.target) ? [{ id: `${list}/${rule.to.target.canonical}`, rule }] : [];
    }
    const { name } = rule.to;
    const members = groups.find((each) => each.name === name)?.members ?? [];
    return members
      .filter(({ target }) => covers(target))
      .map(({ target }) => ({ id: `${list}/@${name}#${target.canonical}`, rule }));
  });
}

/** `ids` null: ids of built-in and other entries are not compared. */
function answer(reason: Reason, ids: readonly string[] | null = []): Answer {
  return { verdict: 'deny', reason, wouldDenyReason: null, ids: ids === null ? ['*'] : [...new Set(ids)].sort() };
}

function observed(reason: Reason, ids: readonly string[]): Answer {
  return { verdict: 'allow', reason: 'observed', wouldDenyReason: reason, ids: [...new Set(ids)].sort() };
}

// Few names, ports and blocks, so that they meet often.
const names = [
  'example.com',
  'a.example.com',
  'b.a.example.com',
  'dns.google',
  'example.net',
  'metadata',
  'x.nip.io',
  'c.b.a.example.com',
];
const addresses = [
  '203.0.113.7',
  '203.0.113.200',
  '10.60.0.7',
  '127.0.0.1',
  '2001:db8::1',
  '2001:db8:1::1',
  'fd00:ec2::254',
];
const blocks = [
  '203.0.113.0/24',
  '203.0.113.128/25',
  '203.0.113.7',
  '10.60.0.0/16',
  '[2001:db8::/32]',
  '[2001:db8:1::/48]',
  '0.0.0.0/0',
];
const hosts = [...names, '*.example.com', '*.a.example.com', '*.com', '*', ...blocks];
const ports = ['443', '80,443', '400-500', '*', '1-442,444-65535', '8443'];
const schemes = ['', 'http://', 'tcp://', 'udp://'];
const groupNames = ['cards', 'vaults', 'registries'];

const someTarget = fc
  .tuple(fc.constantFrom(...schemes), fc.constantFrom(...hosts), fc.constantFrom(...ports))
  .map(([scheme, host, port]) => targetNode(`${scheme}${host}:${port}`));
const someStrength: fc.Arbitrary<Strength | null> = fc.option(fc.constantFrom(...strengths), { freq: 2 });
const someRule = fc
  .tuple(fc.oneof({ weight: 4, arbitrary: someTarget }, fc.constantFrom(...groupNames)), someStrength)
  .map(([to, strength]) =>
    typeof to === 'string' ? ruleNode(`@${to}`, { strength }) : ruleNode(to.canonical, { strength }),
  );
const uniqueRules = (maxLength: number): fc.Arbitrary<RuleNode[]> => fc.array(someRule, { maxLength });
const someService = (name: string): fc.Arbitrary<ServiceNode> =>
  fc
    .record({
      allow: uniqueRules(6),
      deny: uniqueRules(2),
      mode: fc.constantFrom('observe' as const, 'enforce' as const),
      observeUntil: fc.constantFrom(500, 1500),
    })
    .map((parts) =>
      serviceNode(name, { ...parts, observeUntil: parts.mode === 'observe' ? parts.observeUntil : null }),
    );
const at = { file: 'x.yaml', line: 1, column: 1 };
const someGroup = (name: string): fc.Arbitrary<DestinationsNode> =>
  fc
    .record({ class: fc.constantFrom(...destinationClasses), members: fc.array(someTarget, { maxLength: 4 }) })
    .map((parts) => ({
      kind: 'destinations',
      name,
      owner: 'o',
      at,
      class: parts.class,
      members: parts.members.map((target) => ({ target, at })),
    }));
const someBoundary: fc.Arbitrary<BoundaryNode> = fc
  .record({
    deny: uniqueRules(1),
    requires: fc.array(
      fc.record({
        class: fc.constantFrom(...destinationClasses),
        strength: someStrength,
        from: fc.constant([]),
        at: fc.constant(at),
      }),
      { maxLength: 2 },
    ),
    revoked: fc.constantFrom([], [{ identity: 'credential:one', reason: 'lost', at }]),
  })
  .map((parts) => ({ kind: 'boundary', owner: 'o', at, ...parts }));
const someDocuments = fc.tuple(someService('one'), someService('two'), someBoundary, ...groupNames.map(someGroup));
const someRequest: fc.Arbitrary<DecisionRequest> = fc
  .record({
    service: fc.constantFrom('one', 'two', 'three'),
    strength: fc.constantFrom(...strengths),
    host: fc.oneof(
      fc.constantFrom(...names).map((name) => ({ kind: 'name' as const, name })),
      fc.constantFrom(...addresses).map((text) => ({ kind: 'address' as const, address: addressOf(text) })),
    ),
    port: fc.constantFrom(443, 80, 8443, 1, 65535, null),
    protocol: fc.constantFrom<(Protocol | null)[]>(null, null, 'tls', 'http', 'tcp', 'udp'),
    revoked: fc.constantFrom('credential:two', 'credential:none'),
  })
  .map(({ service, strength, host, port, protocol, revoked }) => ({
    principal: { service, identity: `credential:${service}`, strength, source: null, expiresAt: null },
    destination: { host, port, protocol: port === null ? null : protocol },
    facts: { ...noFacts, revokedIdentities: new Set([revoked]) },
    now: 1000,
  }));

test('decide agrees with an evaluator that is slow and obviously right', () => {
  fc.assert(
    fc.property(someDocuments, fc.array(someRequest, { minLength: 20, maxLength: 20 }), (documents, requests) => {
      const policy = policyOf(documents);
      for (const request of requests) {
        const expected = reference(documents, request);
        const given = decide(policy, request);
        const { verdict, reason, wouldDenyReason } = given;
        assert.deepEqual(
          { verdict, reason, wouldDenyReason, ids: expected.ids[0] === '*' ? ['*'] : given.ruleIds },
          expected,
        );
        assert.equal(given.wouldDeny, wouldDenyReason !== null);
      }
    }),
    { numRuns: 300 },
  );
});

test('INVARIANT: the order of documents and entries changes no verdict', () => {
  fc.assert(
    fc.property(someDocuments, fc.array(someRequest, { minLength: 5, maxLength: 5 }), (documents, requests) => {
      const turned = [...documents]
        .reverse()
        .map((each) =>
          each.kind === 'service' ? { ...each, allow: each.allow.toReversed(), deny: each.deny.toReversed() } : each,
        );
      const [first, second] = [policyOf(documents), policyOf(turned)];
      for (const request of requests) {
        const [a, b] = [decide(first, request), decide(second, request)];
        assert.deepEqual([a.reason, a.ruleIds, a.admission, a.class], [b.reason, b.ruleIds, b.admission, b.class]);
      }
    }),
    { numRuns: 60 },
  );
});
