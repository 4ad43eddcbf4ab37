import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicyFiles } from '../documents/parse-policy-files.ts';
import type { PolicyTree } from '../nodes.ts';
import { comparePolicies } from './compare-trees.ts';

const base = `
apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api" ]
allow:
  - { to: bank.example.com:443, reason: card settlement }
  - { to: kms.example.com:443, strength: certificate, reason: envelope keys }
deny: [ { to: "*.paste.example.net:*", reason: never from payments } ]
---
apiVersion: exeat/v1
owner: team-security
boundary:
  deny: [ { to: "paste.example.org:*", reason: paste sites } ]
  requires: { admin: { strength: certificate } }
`;

function tree(text: string): PolicyTree {
  const { tree: parsed, faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
  assert.deepEqual(faults, []);
  return parsed;
}

// What is changed in the text, whether that widens, and what is told of it.
const cases: readonly (readonly [string, string, string, boolean, readonly string[], readonly string[]])[] = [
  ['a comment and another reason', 'reason: card settlement', 'reason: cards by night', false, [], []],
  [
    'a rule more',
    'allow:',
    'allow:\n  - { to: new.example.com:443, reason: partner }',
    true,
    ['allow payments-api/allow/new.example.com:443'],
    [],
  ],
  [
    'a rule less',
    '  - { to: bank.example.com:443, reason: card settlement }\n',
    '',
    false,
    [],
    ['allow payments-api/allow/bank.example.com:443'],
  ],
  [
    'a weaker proof for a rule',
    'strength: certificate, reason: envelope',
    'reason: envelope',
    true,
    ['allow payments-api/allow/kms.example.com:443'],
    ['allow payments-api/allow/kms.example.com:443 {"strength":"certificate"}'],
  ],
  [
    'a deny less',
    'deny: [ { to: "*.paste.example.net:*", reason: never from payments } ]\n',
    '',
    true,
    [],
    ['deny payments-api/deny/*.paste.example.net:*'],
  ],
  [
    'a boundary more',
    'reason: paste sites }',
    'reason: paste sites }, { to: "drop.example.org:*", reason: drop sites }',
    false,
    ['deny boundary/deny/drop.example.org:*'],
    [],
  ],
  [
    'one more way to prove it',
    '"credential:payments-api"',
    '"credential:payments-api", "source:10.20.0.0/24"',
    true,
    ['identity payments-api source:10.20.0.0/24'],
    [],
  ],
  [
    'observe instead of enforce',
    'kind: app',
    'kind: app\nmode: observe\nobserveUntil: 2026-12-01T00:00:00Z',
    true,
    ['observe payments-api until 1796083200000'],
    [],
  ],
];

for (const [says, from, to, isWidening, added, removed] of cases) {
  test(`${says} ${isWidening ? 'widens' : 'does not widen'}`, () => {
    assert.ok(base.includes(from), 'the case changes something');
    const change = comparePolicies(tree(base), tree(base.replace(from, to)));
    assert.deepEqual(change, { isWidening, added, removed });
  });
}

test('the first policy is all new and widening', () => {
  const change = comparePolicies(null, tree(base));
  assert.equal(change.isWidening, true);
  assert.deepEqual(change.removed, []);
  assert.deepEqual(change.added.slice(0, 2), [
    'allow payments-api/allow/bank.example.com:443',
    'allow payments-api/allow/kms.example.com:443 {"strength":"certificate"}',
  ]);
});
