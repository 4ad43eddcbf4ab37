import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { policyOf, serviceNode, targetNode } from '../../../test/support/policy-fixture.ts';
import { nextChange, noFacts, openGrants } from '../index.ts';

const at = { file: 'x.yaml', line: 1, column: 1 };
const { host } = targetNode('10.30.0.0/16:*');
assert.ok(host.kind === 'prefix');
const policy = policyOf([
  serviceNode('observed', { mode: 'observe', observeUntil: 500 }),
  serviceNode('enforced'),
  { kind: 'unattributed', owner: 'o', at, sources: [host.prefix], until: 700, reason: 'first rollout' },
]);
const times = { notBefore: 300, notAfter: 600 };
const facts = {
  ...noFacts,
  grants: openGrants(
    [grantOf('g', 'tcp://203.0.113.7:22', times), grantOf('over', 'example.com:443', { ...times, notBefore: 200 })],
    [{ id: 'over', why: 'revoked' }],
  ),
};

// One row: the next instant, then the present one.
const rows: readonly (readonly [number | null, number])[] = [
  [300, 0],
  [300, 299],
  [500, 300],
  [600, 500],
  [700, 600],
  [null, 700],
];

describe('the next change by the clock', () => {
  test('is the next start or end of a grant, end of observing or date of unattributed sources', () => {
    for (const [expected, now] of rows) assert.equal(nextChange(policy, facts, now), expected, `at ${now}`);
  });

  test('is none where nothing ends', () => {
    assert.equal(nextChange(policyOf([serviceNode('enforced')]), noFacts, 0), null);
  });
});
