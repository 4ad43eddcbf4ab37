import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { flattenClaims } from './token-claims.ts';

const rows: readonly (readonly [string, Record<string, unknown>, Record<string, string> | null])[] = [
  ['scalars as text', { a: 'x', b: 7, c: true }, { a: 'x', b: '7', c: 'true' }],
  ['lists, nulls and fractions left out', { a: ['x'], b: null, c: 1.5 }, {}],
  [
    'nested claims by their path',
    { 'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'api' } } },
    { 'kubernetes.io.namespace': 'shop', 'kubernetes.io.serviceaccount.name': 'api' },
  ],
  ['two claims under one name are ambiguous', { 'a.b': 'x', a: { b: 'y' } }, null],
  ['deep nesting left out', { a: { b: { c: { d: { e: 'x' } } } } }, {}],
  ['long values left out', { a: 'x'.repeat(1025) }, {}],
  ['too many claims', Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`c${at}`, 'x'])), null],
];

describe('flattenClaims', () => {
  for (const [name, payload, expected] of rows) {
    it(name, () => {
      const flat = flattenClaims(payload);
      assert.deepEqual(flat === null ? null : { ...flat }, expected);
    });
  }
  it('a claim named like a member of every object is just a claim', () => {
    const flat = flattenClaims(JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, unknown>);
    assert.equal(flat?.['constructor'], 'y');
    assert.equal(flattenClaims({})?.['constructor'], undefined);
  });
  it('never throws', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (payload) => void flattenClaims(payload)));
  });
});
