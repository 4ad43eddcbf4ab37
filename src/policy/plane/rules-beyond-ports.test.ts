import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyOf, ruleNode, serviceNode, targetNode } from '../../../test/support/policy-fixture.ts';
import { findRulesBeyondPorts } from '../index.ts';

const at = { file: 'x.yaml', line: 1, column: 1 };
const policy = policyOf([
  serviceNode('api', {
    allow: [
      ruleNode('bank.example.com:443'),
      ruleNode('db.example.com:8443'),
      ruleNode('*.example.com:443,8443'),
      ruleNode('http://*:79-81'),
      ruleNode('203.0.113.0/24:8443'),
      ruleNode('tcp://mail.example.com:25'),
      ruleNode('udp://ntp.example.com:123'),
      ruleNode('@vaults'),
    ],
    deny: [ruleNode('paste.example.net:8443')],
  }),
  serviceNode('job', { deny: [ruleNode('@vaults')] }),
  {
    kind: 'destinations',
    name: 'vaults',
    owner: 'o',
    at,
    class: 'admin',
    members: ['vault.example.net:8200', 'vault.example.net:443'].map((to) => ({ target: targetNode(to), at })),
  },
]);

test('rules for tls and http with ports that no listener reads names at are found', () => {
  const { rules, leftOut } = findRulesBeyondPorts(policy, [443, 80]);
  assert.deepEqual(
    rules.map(({ id, service, protocol, ports, isWhole }) => {
      const runs = ports.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
      return [id, service, protocol, runs.join(','), isWhole];
    }),
    [
      ['api/allow/*.example.com:443,8443', 'api', 'tls', '8443', false],
      ['api/allow/203.0.113.0/24:8443', 'api', 'tls', '8443', true],
      ['api/allow/@vaults#vault.example.net:8200', 'api', 'tls', '8200', true],
      ['api/allow/db.example.com:8443', 'api', 'tls', '8443', true],
      ['api/allow/http://*:79-81', 'api', 'http', '79,81', false],
    ],
  );
  assert.equal(leftOut, 0);
});

test('of many rules some are given, with the number of the rest', () => {
  const { rules, leftOut } = findRulesBeyondPorts(policy, [], 2);
  assert.deepEqual([rules.length, leftOut], [2, 5]);
});
