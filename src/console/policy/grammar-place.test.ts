import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GrammarPlace, helpAt, placeAt } from './grammar-place.ts';

// `|` is where somebody types.
function place(text: string): GrammarPlace {
  const offset = text.indexOf('|');
  return placeAt(text.replace('|', ''), offset);
}

const service = 'apiVersion: exeat/v1\nservice: api\nowner: team\n';
const cases: readonly (readonly [what: string, text: string, map: string | null, key: string | null])[] = [
  ['a key of a service', `${service}|`, 'service', null],
  ['a value of it', `${service}mode: |`, 'service', 'mode'],
  ['a key of a rule, after its dash', `${service}allow:\n  - |`, 'allowRule', null],
  ['a key of a rule, below its first', `${service}allow:\n  - to: a.example:443\n    |`, 'allowRule', null],
  ['a list at the indentation of its key', `${service}allow:\n- to: a.example:443\n- re|`, 'allowRule', null],
  ['a value in braces', `${service}allow:\n  - { to: a.example:443, strength: |`, 'allowRule', 'strength'],
  ['a key in braces in brackets', `${service}deny: [ { to: "a:443", |`, 'denyRule', null],
  ['a test', `${service}tests:\n  - { deny: "x.example:443", because: no|`, 'test', 'because'],
  ['a map in a map in braces', `${service}allow:\n  - { to: a:443, crossing: { from: |`, 'crossing', 'from'],
  ['an identity in all', `${service}identities:\n  - all: [ { |`, 'identity', null],
  ['a segment by its name', 'owner: t\nsegments:\n  ops:\n    ran|', 'segment', null],
  ['the name of a segment', 'owner: t\nsegments:\n  |', null, null],
  ['a class of the boundary', 'owner: t\nboundary:\n  requires:\n    admin: { strength: |', 'requirement', 'strength'],
  ['the second document', `${service}---\nowner: t\ndestinations: d\nclass: |`, 'destinations', 'class'],
  ['a document that says further down what it is', 'apiVersion: exeat/v1\n|\nservice: api\n', 'service', null],
  ['what is no policy', 'colour: |', null, 'colour'],
  ['below a key that is none', `${service}colour:\n  |`, null, null],
  ['after what is quoted', `${service}allow:\n  - { to: "{,: [", reason: |`, 'allowRule', 'reason'],
];

for (const [what, text, map, key] of cases) {
  test(`the place of ${what}`, () => assert.deepEqual(place(text), { map, key }));
}

test('the help of a place is the grammar’s', () => {
  assert.deepEqual(helpAt(place(`${service}mode: |`))?.values, ['enforce', 'observe']);
  assert.equal(helpAt(place(`${service}constructor: |`)), null);
});
