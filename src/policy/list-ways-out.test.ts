import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listRules, listWaysOut, parsePolicyFiles } from './index.ts';

const text = `
apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api" ]
allow:
  - { to: bank.example.com:443, reason: card settlement }
  - { to: "@schemes", reason: scheme rules }
---
apiVersion: exeat/v1
destinations: schemes
owner: team-cards
class: secret-manager
members: [ schemes.example.net:443, "*.rules.example.net:443" ]
---
apiVersion: exeat/v1
space: payments
owner: team-platform
path: "**"
owners: [ team-payments ]
environment: prod
identities: [ "credential:*" ]
`;

test('ways out carry the ids of verdicts, the class of what they cover and the owner who answers for them', () => {
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
  assert.deepEqual(faults, []);
  const { services, ways, leftOut } = listWaysOut(tree, 2);
  assert.deepEqual(services, [{ name: 'payments-api', owner: 'team-payments', environment: 'prod' }]);
  assert.deepEqual(
    ways.map(({ to, class: kind, reason, at }) => [to, kind, reason, at]),
    [
      ['bank.example.com:443', 'ordinary', 'card settlement', 'a.yaml:8'],
      ['schemes.example.net:443', 'secret-manager', 'scheme rules', 'a.yaml:9'],
    ],
  );
  assert.equal(leftOut, 1);
  const ids = new Set(listRules(tree).map(({ id }) => id));
  assert.ok(listWaysOut(tree, 10).ways.every(({ id }) => ids.has(id)));
});
