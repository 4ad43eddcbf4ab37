import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listRules, parsePolicyFiles } from './index.ts';

const text = `
apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api" ]
allow:
  - { to: bank.example.com:443, reason: card settlement }
  - { to: "@schemes", reason: scheme rules }
deny: [ { to: "*.paste.example.net:*", reason: never from payments } ]
---
apiVersion: exeat/v1
destinations: schemes
owner: team-cards
members: [ schemes.example.net:443, "*.rules.example.net:443" ]
---
apiVersion: exeat/v1
owner: team-security
boundary: { deny: [ { to: "paste.example.org:*", reason: paste sites } ] }
`;

test('rules are listed under the ids that verdicts carry: a reference once for each member', () => {
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    listRules(tree).map(({ id, list, document, owner }) => [id, list, document, owner]),
    [
      ['payments-api/allow/bank.example.com:443', 'allow', 'payments-api', 'team-payments'],
      ['payments-api/allow/@schemes#schemes.example.net:443', 'allow', 'payments-api', 'team-payments'],
      ['payments-api/allow/@schemes#*.rules.example.net:443', 'allow', 'payments-api', 'team-payments'],
      ['payments-api/deny/*.paste.example.net:*', 'deny', 'payments-api', 'team-payments'],
      ['boundary/deny/paste.example.org:*', 'deny', 'boundary', 'team-security'],
    ],
  );
});
