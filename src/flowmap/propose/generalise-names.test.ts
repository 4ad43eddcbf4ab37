import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasPublicSuffixBelow, isPublicSuffix, registrableDomain } from '../../destination/index.ts';
import { generaliseNames } from './generalise-names.ts';

const below = (suffix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `n${at}.${suffix}`);

type Row = readonly [title: string, names: readonly string[], wildcards: readonly string[], left: readonly string[]];

const rows: readonly Row[] = [
  ['four names stay names', below('example.com', 4), [], below('example.com', 4)],
  ['five names become a wildcard under their domain', below('example.com', 5), ['example.com'], []],
  ['a longer common suffix is taken', below('eu.cdn.example.com', 5), ['eu.cdn.example.com'], []],
  ['one name five times is one name', Array.from({ length: 5 }, () => 'a.example.com'), [], ['a.example.com']],
  [
    'the suffix itself is not covered by its wildcard',
    ['example.com', ...below('example.com', 5)],
    ['example.com'],
    ['example.com'],
  ],
  [
    'a narrow wildcard leaves the few beside it alone',
    [...below('eu.example.com', 6), 'www.example.com'],
    ['eu.example.com'],
    ['www.example.com'],
  ],
  [
    'two narrow wildcards are taken before one wide one',
    [...below('eu.example.com', 5), ...below('us.example.com', 5)],
    ['eu.example.com', 'us.example.com'],
    [],
  ],
  [
    'names of five owners stay names',
    ['a', 'b', 'c', 'd', 'e'].map((one) => `www.${one}.example`),
    [],
    ['a', 'b', 'c', 'd', 'e'].map((one) => `www.${one}.example`),
  ],
  ['tenants of a private suffix stay names', below('github.io', 6), [], below('github.io', 6)],
  ['buckets stay names', below('s3.amazonaws.com', 6), [], below('s3.amazonaws.com', 6)],
  ['names of a cloud stay names', below('eu-central-1.amazonaws.com', 6), [], below('eu-central-1.amazonaws.com', 6)],
  ['names of a CDN stay names', below('akamaiedge.net', 6), [], below('akamaiedge.net', 6)],
  ['a registrable domain below a country suffix', below('example.co.uk', 5), ['example.co.uk'], []],
];

describe('names are grouped under a wildcard', () => {
  for (const [title, names, wildcards, left] of rows)
    test(title, () => {
      const found = generaliseNames(names, 5);
      assert.deepEqual(
        found.wildcards.map(({ suffix }) => suffix),
        wildcards,
      );
      assert.deepEqual(found.names, [...left].sort());
    });
});

const suffixes = [
  'com',
  'co.uk',
  'github.io',
  's3.amazonaws.com',
  'eu-central-1.amazonaws.com',
  'blob.core.windows.net',
  'duckdns.org',
  'example.com',
  'cdn.example.net',
  'kawasaki.jp',
  'city.kawasaki.jp',
  'ck',
  'internal',
  'workers.dev',
  'map.fastly.net',
  'ssl.fastly.net',
  'scw.cloud',
];
const label = fc.stringMatching(/^[a-z0-9]{1,3}$/);
const name = fc
  .tuple(fc.array(label, { maxLength: 3 }), fc.constantFrom(...suffixes))
  .map(([labels, suffix]) => [...labels, suffix].join('.'));

test('INVARIANT: no wildcard stands on or above a public suffix, and every name is kept once', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 60 }), fc.integer({ min: 2, max: 6 }), (names, atLeast) => {
      const found = generaliseNames(names, atLeast);
      for (const { suffix, names: under } of found.wildcards) {
        assert.equal(isPublicSuffix(suffix), false, suffix);
        assert.equal(hasPublicSuffixBelow(suffix), false, suffix);
        assert.notEqual(registrableDomain(suffix), null);
        assert.ok(under.length >= atLeast);
        for (const one of under) assert.ok(one.endsWith(`.${suffix}`), `${one} below ${suffix}`);
      }
      const kept = [...found.wildcards.flatMap(({ names: under }) => under), ...found.names].sort();
      assert.deepEqual(kept, [...new Set(names)].sort());
    }),
  );
});
