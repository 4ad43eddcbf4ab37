import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DecisionRequest, decide, type PolicyDocument } from '../../src/policy/index.ts';
import { policyOf, ruleNode, serviceNode, targetNode } from '../support/policy-fixture.ts';
import { requestOf } from '../support/request-fixture.ts';

const at = { file: 'boundary.yaml', line: 1, column: 1 };

function request(host: string, extra: Partial<DecisionRequest['principal']> = {}): DecisionRequest {
  return requestOf(host, 443, { service: 'app', ...extra });
}

function destinations(name: string, kind: 'secret-manager' | 'admin', to: string): PolicyDocument {
  return {
    kind: 'destinations',
    name,
    owner: 'team-a',
    at,
    class: kind,
    members: [{ target: targetNode(to), at }],
  };
}

function boundary(extra: Partial<Extract<PolicyDocument, { kind: 'boundary' }>>): PolicyDocument {
  return { kind: 'boundary', owner: 'team-security', at, deny: [], requires: [], revoked: [], ...extra };
}

test('class upgrade: calling a vault admin does not lift what its own class requires', () => {
  const policy = policyOf([
    serviceNode('app', { allow: [ruleNode('vault.example.com:443')] }),
    destinations('vaults', 'secret-manager', 'vault.example.com:443'),
    destinations('mine', 'admin', '*.example.com:443'),
    boundary({ requires: [{ class: 'secret-manager', strength: 'certificate', from: [], at }] }),
  ]);
  const verdict = decide(policy, request('vault.example.com'));
  assert.equal(verdict.reason, 'strength_insufficient');
  assert.deepEqual(verdict.ruleIds, ['boundary/requires/secret-manager']);
  assert.equal(verdict.class, 'admin');
});

test('class upgrade: the reason does not depend on the order of boundary documents', () => {
  const strong = boundary({ requires: [{ class: 'admin', strength: 'certificate', from: [], at }] });
  const placed = boundary({ requires: [{ class: 'admin', strength: null, from: ['ops'], at }] });
  const ops: PolicyDocument = {
    kind: 'segments',
    owner: 'team-network',
    at,
    segments: [{ name: 'ops', ranges: [], environment: null, at }],
  };
  const others = [
    serviceNode('app', { allow: [ruleNode('desk.example.com:443')] }),
    destinations('desks', 'admin', 'desk.example.com:443'),
    ops,
  ];
  const reasons = [
    [strong, placed],
    [placed, strong],
  ].map((pair) => decide(policyOf([...others, ...pair]), request('desk.example.com')).reason);
  assert.deepEqual(reasons, ['strength_insufficient', 'strength_insufficient']);
});

test('embedded IPv4: the boundary, denies and classes of a block hold for its translated spelling', () => {
  const policy = policyOf([
    serviceNode('app', {
      allow: [ruleNode('[64:ff9b::/96]:443'), ruleNode('203.0.113.0/24:443')],
      deny: [ruleNode('192.0.2.0/25:*')],
    }),
    destinations('desks', 'admin', '203.0.113.9:443'),
    boundary({
      deny: [ruleNode('198.51.100.0/24:*')],
      requires: [{ class: 'admin', strength: 'certificate', from: [], at }],
    }),
  ]);
  const reasons = ['198.51.100.7', '192.0.2.7', '203.0.113.9', '203.0.113.8', '192.0.2.200'].map(
    (address) => decide(policy, request(`64:ff9b::${address}`)).reason,
  );
  assert.deepEqual(reasons, [
    'boundary_denied',
    'rule_denied',
    'strength_insufficient',
    'rule_matched',
    'rule_matched',
  ]);
});
