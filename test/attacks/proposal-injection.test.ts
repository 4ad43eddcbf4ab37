import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ProposedFile } from '../../src/flowmap/index.ts';
import { parsePolicyFiles, type ServiceNode } from '../../src/policy/index.ts';
import { declaredOf, edgeOf, proposalOf } from '../support/propose-fixture.ts';

// Names, users and paths of logs are written by whoever makes traffic. A proposal is a text that people read and merge: nothing of a
// log may become an entry, an identity or an owner in it, nor change what its lines look like.

const payloads: readonly (readonly [name: string, text: string])[] = [
  ['a line feed', 'x\n  - to: "*:443"\n    reason: pwned'],
  ['a carriage return', 'x\r  - { to: "*:443", reason: pwned }'],
  ['next line (NEL)', 'x\u0085  - { to: "*:443", reason: pwned }'],
  ['line separator', 'x\u2028  - { to: "*:443", reason: pwned }'],
  [
    'a document marker',
    'x\n---\napiVersion: exeat/v1\nservice: evil\nowner: evil\nkind: app\nidentities: [ "credential:evil" ]',
  ],
  ['quotes and brackets', '"} , { to: "*:443", reason: pwned } #'],
  ['a comment end and a quote', 'x\' " # ]: }{'],
  ['a tag and an anchor', '!!js/function &a *a'],
  ['a directive', '%YAML 1.2\n---'],
  ['a terminal sequence', '\u001b[2J\u001b]0;pwned\u0007'],
  ['bidi marks', 'bank\u202eegnp\u2066\u2069\u061c'],
  ['invisible marks', 'ban\u200bk\ufeff\u00ad\u{e0041}'],
  ['half a character', 'x\ud800y'],
  ['a wildcard', '*'],
  ['a block', '0.0.0.0/0'],
  ['another scheme', 'udp://x'],
  ['a reference', '@all'],
];

function assertHarmless(texts: readonly string[]): void {
  const proposal = proposalOf({
    edges: texts.flatMap((text) => [
      edgeOf({ destination: text, principal: text }),
      edgeOf({ principal: text, how: ['user'], formats: [text], sources: [text], provider: text }),
      edgeOf({
        principal: `user:${text}`,
        how: ['user'],
        destination: '203.0.113.7',
        isName: false,
        candidates: [text, 'a.example'],
      }),
      edgeOf({ principal: text, days: 1, destination: `x.${text}` }),
    ]),
    declared: texts.map((text) => declaredOf(text, { service: text, file: text, key: text, schedule: text })),
    policy: present,
  });
  const services = new Set(proposal.services.map(({ service }) => service));
  const { faults } = parsePolicyFiles(proposal.files);
  assert.deepEqual(
    faults.filter(({ code }) => code !== 'reason_placeholder'),
    [],
  );
  for (const { text } of proposal.files) assertPlain(text);
  for (const document of filledIn(proposal.files)) assertOwn(document, services);
}

/** What people see: one line is one line, and shows what it is. */
function assertPlain(text: string): void {
  assert.doesNotMatch(text, /[^\n -~\p{L}\p{N}…]/u);
}

/** The documents once reasons are there; they must load. */
function filledIn(files: readonly ProposedFile[]): readonly ServiceNode[] {
  const { tree, faults } = parsePolicyFiles(
    files.map(({ path, text }) => ({ path, text: text.replaceAll('reason: TODO', 'reason: seen') })),
  );
  assert.deepEqual(faults, []);
  return tree.documents.map((document) => {
    assert.ok(document.kind === 'service');
    return document;
  });
}

/** Nothing of a document but names of services and destinations is from outside. */
function assertOwn({ name, owner, identities, allow }: ServiceNode, services: ReadonlySet<string>): void {
  assert.ok(services.has(name), name);
  assert.match(owner, /^(?:unassigned|team-payments)$/);
  for (const { text } of identities.flatMap(({ terms }) => terms)) {
    assert.match(text, /^credential:(?:unknown-[a-z0-9-]+|payments|[a-z0-9._-]+)$/);
  }
  for (const { to, reason } of allow) {
    assert.ok(to.kind === 'target' && to.target.host.kind === 'name', JSON.stringify(to));
    assert.match(reason, /^(?:seen|settlement)$/);
  }
}

const present = {
  'payments.yaml':
    'apiVersion: exeat/v1\nservice: payments-api\nowner: team-payments\nkind: app\nidentities: [ "credential:payments" ]\nallow: [ { to: a.example:443, reason: settlement } ]\n',
};

describe('text of logs cannot write into a proposal', () => {
  for (const [name, text] of payloads) test(name, () => assertHarmless([text]));

  test('any text at all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 3 }),
        assertHarmless,
      ),
      { numRuns: 100 },
    );
  });

  test('a service of the present policy is extended without letting anything else in', () => {
    for (const [, text] of payloads) {
      const edges = [
        edgeOf({ destination: text }),
        edgeOf({ destination: 'new.example.org', formats: [text], sources: [text] }),
      ];
      const { files } = proposalOf({
        edges,
        declared: [declaredOf(text, { file: text }), declaredOf('new.example.org')],
        policy: present,
      });
      for (const { text: written } of files) assertPlain(written);
      const [document, ...others] = filledIn(files);
      assert.deepEqual(others, []);
      const tos = document?.allow.map(({ to }) => to.kind === 'target' && to.target.canonical);
      assert.deepEqual(tos, ['a.example:443', 'new.example.org:443']);
    }
  });
});
