import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { declaredOf, edgeOf, type ProposeFixture, partsOf } from '../../../test/support/propose-fixture.ts';
import { parsePolicyFiles } from '../../policy/index.ts';
import type { PresentPolicy } from './proposal.ts';
import { type Shrinkage, shrinkPolicy } from './shrink-policy.ts';

const head = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments" ]
`;

function shrink(
  fixture: ProposeFixture & { readonly policy: Readonly<Record<string, string>> },
  isUnready = false,
): Shrinkage {
  const parts = partsOf(fixture);
  return shrinkPolicy({ ...parts, present: parts.present as PresentPolicy }, { service: null, isUnready });
}

/** Shrinks one rule by edges; gives the change, and the `to` of every rule that is left. */
function shrinkRule(
  to: string,
  fixture: ProposeFixture,
): { readonly change: string | null; readonly left: readonly string[] } {
  const text = `${head}allow:\n  - { to: "${to}", reason: settlement }\n  - { to: kept.example.org:443, reason: kept }\n`;
  const edges = [...fixture.edges, edgeOf({ destination: 'kept.example.org' })];
  const { changes, files } = shrink({ ...fixture, edges, policy: { 'a.yaml': text } });
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text: files[0]?.text ?? text }]);
  assert.deepEqual(faults, []);
  const [document] = tree.documents;
  assert.ok(document?.kind === 'service');
  const left = document.allow.map((rule) =>
    rule.to.kind === 'target' ? rule.to.target.canonical : `@${rule.to.name}`,
  );
  return { change: changes[0]?.change ?? null, left: left.filter((one) => one !== 'kept.example.org:443') };
}

type Row = readonly [
  title: string,
  to: string,
  fixture: ProposeFixture,
  change: string | null,
  left: readonly string[],
];

const rows: readonly Row[] = [
  ['a rule that was used stays', 'bank.example.com:443', { edges: [edgeOf()] }, null, ['bank.example.com:443']],
  ['a rule that nothing used goes', 'old.example.com:443', { edges: [edgeOf()] }, 'drop', []],
  [
    'ports narrow to those used',
    'bank.example.com:80,443,8443',
    { edges: [edgeOf(), edgeOf({ port: 8443 })] },
    'narrow_ports',
    ['bank.example.com:443,8443'],
  ],
  [
    'a range of ports narrows',
    'bank.example.com:440-450',
    { edges: [edgeOf(), edgeOf({ port: 444 })] },
    'narrow_ports',
    ['bank.example.com:443-444'],
  ],
  [
    'a record without a port may be on any',
    'bank.example.com:80,443',
    { edges: [edgeOf(), edgeOf({ port: -1 })] },
    null,
    ['bank.example.com:80,443'],
  ],
  [
    'a wildcard becomes the names that were seen',
    '*.example.com:443,8443',
    { edges: [edgeOf(), edgeOf({ destination: 'a.b.example.com', port: 8443 })] },
    'name_names',
    ['a.b.example.com:8443', 'bank.example.com:443'],
  ],
  ['a name with a rule of its own is not doubled', '*.example.org:443', { edges: [] }, 'name_names', []],
  [
    'what configuration states is kept, used or not',
    'old.example.com:443',
    { edges: [edgeOf()], declared: [declaredOf('old.example.com')] },
    'keep_declared',
    ['old.example.com:443'],
  ],
  [
    'a rule by name is kept while flows by address are unexplained',
    'old.example.com:443',
    { edges: [edgeOf({ destination: '203.0.113.7', isName: false, rank: 'address' })] },
    'keep_unnamed',
    ['old.example.com:443'],
  ],
  [
    'flows by address on another port explain nothing',
    'old.example.com:443',
    { edges: [edgeOf({ destination: '203.0.113.7', isName: false, rank: 'address', port: 22 })] },
    'drop',
    [],
  ],
];

describe('the present policy shrinks to what was used', () => {
  for (const [title, to, fixture, change, left] of rows)
    test(title, () => assert.deepEqual(shrinkRule(to, fixture), { change, left }));
});

const whole = `# Ours.
${head}allow:
  # never used
  - { to: old.example.com:443, reason: long ago }
  # the bank
  - to: bank.example.com:443
    reason: settlement
  - { to: "@lists", reason: lists }
deny:
  - { to: evil.example.com:443, reason: never }
tests:
  - { allow: old.example.com:443 }
  - { allow: bank.example.com:443 }
---
apiVersion: exeat/v1
destinations: lists
owner: team-payments
members: [ used.example.org:443, unused.example.org:443 ]
---
apiVersion: exeat/v1
destinations: secrets
owner: team-payments
class: secret-manager
members: [ vault.example.org:443 ]
`;
const edges = [edgeOf(), edgeOf({ destination: 'used.example.org' })];

test('comments stay, but for those of what goes; its tests go; denies and classes stay', () => {
  const { files, members } = shrink({ edges, policy: { 'a.yaml': whole } });
  assert.deepEqual(
    members.map(({ member }) => member),
    ['unused.example.org:443'],
  );
  assert.equal(
    files[0]?.text,
    whole
      .replace('  # never used\n  - { to: old.example.com:443, reason: long ago }\n', '')
      .replace('  - { allow: old.example.com:443 }\n', '')
      .replace(', unused.example.org:443', ''),
  );
});

test('a service whose history does not reach is left as it is, unless that is forced', () => {
  const young = { edges, policy: { 'a.yaml': whole }, days: 10 };
  const left = shrink(young);
  assert.deepEqual([left.files, left.changes, left.skipped.map(({ service }) => service)], [[], [], ['payments-api']]);
  const forced = shrink(young, true);
  assert.deepEqual([forced.changes.map(({ change }) => change), forced.forced.length], [['drop'], 1]);
});
