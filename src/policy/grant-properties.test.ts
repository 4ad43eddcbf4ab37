import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { grantOf } from '../../test/support/grant-fixture.ts';
import { addressOf, policyOf, serviceNode, targetNode } from '../../test/support/policy-fixture.ts';
import { targetCovers } from '../destination/index.ts';
import { isAtLeast, strengths } from '../identity/index.ts';
import {
  type DecisionRequest,
  decide,
  type EndedGrant,
  type Grant,
  noFacts,
  openGrants,
  type Reason,
  withEnded,
} from './index.ts';

const policy = policyOf([serviceNode('one'), serviceNode('two')]);

// Few names, times and services, so that they meet often.
const hosts = ['example.com', 'a.example.com', 'b.a.example.com', 'example.net'];
const patterns = [
  ...hosts,
  '*.example.com',
  '*.com',
  '203.0.113.7',
  '203.0.113.0/24',
  '192.0.2.0/25',
  '*',
  '0.0.0.0/0',
];

const someGrant: fc.Arbitrary<Grant> = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    service: fc.constantFrom('one', 'two'),
    identity: fc.constantFrom(null, null, 'credential:one', 'credential:two'),
    to: fc
      .tuple(
        fc.constantFrom('', 'tcp://', 'http://', 'udp://'),
        fc.constantFrom(...patterns),
        fc.constantFrom('443', '80,443', '*'),
      )
      .map((parts) => `${parts[0]}${parts[1]}:${parts[2]}`),
    strength: fc.option(fc.constantFrom(...strengths), { freq: 2 }),
    notBefore: fc.constantFrom(0, 900, 1000, 1001),
    notAfter: fc.constantFrom(950, 1000, 1001, 2000),
  })
  .map((parts) => grantOf(parts.id, parts.to, parts));

const someCase = fc.record({
  grants: fc.uniqueArray(someGrant, { selector: ({ id }) => id, maxLength: 5 }),
  ended: fc.array(
    fc.record({
      id: fc.constantFrom('a', 'b'),
      why: fc.constantFrom<EndedGrant['why'][]>('revoked', 'suspended', 'expired'),
    }),
    { maxLength: 1 },
  ),
  spent: fc.constantFrom(new Set<string>(), new Set(['c'])),
  service: fc.constantFrom('one', 'two'),
  strength: fc.constantFrom(...strengths),
  host: fc.oneof(
    fc.constantFrom(...hosts).map((name) => ({ kind: 'name' as const, name })),
    fc
      .constantFrom('203.0.113.7', '203.0.113.8', '192.0.2.9')
      .map((text) => ({ kind: 'address' as const, address: addressOf(text) })),
  ),
  port: fc.constantFrom(443, 80, 8443),
});

type Case = typeof someCase extends fc.Arbitrary<infer T> ? T : never;

function requestOf({ grants, ended, spent, service, strength, host, port }: Case): DecisionRequest {
  return {
    principal: { service, identity: `credential:${service}`, strength, source: null, expiresAt: null },
    destination: { host, port, protocol: null },
    facts: { ...noFacts, grants: openGrants(grants, ended), spent },
    now: 1000,
  };
}

// Slow and obviously right: every grant, one after the other.
function reference(each: Case): { readonly reason: Reason; readonly grantId: string | null } {
  const { principal, destination, now } = requestOf(each);
  const covering = each.grants.filter(({ service, identity, to }) => {
    const target = targetNode(to);
    const isEverywhere =
      target.host.kind === 'any-name' || (target.host.kind === 'prefix' && target.host.prefix.length === 0);
    const isTheirs = service === principal.service && (identity === null || identity === principal.identity);
    return isTheirs && !isEverywhere && targetCovers(target, destination);
  });
  const states = covering.map((grant): readonly [Grant, string] => {
    const end = each.ended.find(({ id }) => id === grant.id);
    if (end !== undefined) return [grant, `grant_${end.why}`];
    if (now >= grant.notAfter) return [grant, 'grant_expired'];
    if (each.spent.has(grant.id)) return [grant, 'budget_spent'];
    if (now < grant.notBefore) return [grant, 'waiting'];
    return [
      grant,
      grant.strength === null || isAtLeast(principal.strength, grant.strength) ? 'live' : 'strength_insufficient',
    ];
  });
  const live = states.filter(([, state]) => state === 'live').map(([grant]) => grant);
  live.sort((a, b) => b.notAfter - a.notAfter || (a.id < b.id ? -1 : 1));
  if (live[0] !== undefined) return { reason: 'grant_matched', grantId: live[0].id };
  for (const reason of [
    'strength_insufficient',
    'budget_spent',
    'grant_suspended',
    'grant_revoked',
    'grant_expired',
  ] as const) {
    const found = states.find(([, state]) => state === reason);
    if (found !== undefined) return { reason, grantId: found[0].id };
  }
  return { reason: 'no_rule_matched', grantId: null };
}

test('grants are judged as by an evaluator that is slow and obviously right', () => {
  fc.assert(
    fc.property(someCase, (each) => {
      const { reason, grantId } = decide(policy, requestOf(each));
      const expected = reference(each);
      assert.equal(reason, expected.reason);
      // Which of several that ended is told may follow how they are found.
      if (reason === 'grant_matched') assert.equal(grantId, expected.grantId);
    }),
    { numRuns: 2_000 },
  );
});

test('INVARIANT: one more grant never denies what was allowed, and one that ended only stops counting', () => {
  fc.assert(
    fc.property(someCase, someGrant, (each, more) => {
      const fewer = decide(policy, requestOf(each));
      const grants = [...each.grants.filter(({ id }) => id !== 'z'), { ...more, id: 'z' }];
      const wider = decide(policy, requestOf({ ...each, grants }));
      if (fewer.verdict === 'allow') assert.equal(wider.verdict, 'allow');
      const request = requestOf({ ...each, grants });
      const facts = { ...request.facts, grants: withEnded(request.facts.grants, [{ id: 'z', why: 'revoked' }]) };
      const ended = decide(policy, { ...request, facts });
      assert.equal(ended.verdict, fewer.verdict);
      assert.equal(ended.verdict === 'allow' ? ended.grantId : null, fewer.verdict === 'allow' ? fewer.grantId : null);
    }),
    { numRuns: 1_000 },
  );
});

test('INVARIANT: the order of a list changes no verdict', () => {
  fc.assert(
    fc.property(someCase, (each) => {
      const turned = decide(policy, requestOf({ ...each, grants: each.grants.toReversed() }));
      const { reason, grantId } = decide(policy, requestOf(each));
      assert.equal(turned.reason, reason);
      if (reason === 'grant_matched') assert.equal(turned.grantId, grantId);
    }),
  );
});
