import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPublicSuffix, parseWireHost } from '../destination/index.ts';
import { findKnownDestination, knownDestinations } from './known-destinations.ts';

describe('the table of known destinations', () => {
  test('has each suffix once, in its canonical spelling, with a source and a date', () => {
    assert.equal(new Set(knownDestinations.map(({ suffix }) => suffix)).size, knownDestinations.length);
    for (const { suffix, source, asOf } of knownDestinations) {
      const host = parseWireHost(suffix.replace('*', 'x'));
      assert.ok(host.ok && host.value.kind === 'name' && host.value.name === suffix.replace('*', 'x'), suffix);
      assert.ok(source.length > 0, suffix);
      assert.match(asOf, /^2026-\d\d-\d\d$/, suffix);
    }
  });

  test('names suffixes of the Public Suffix List that are in it', () => {
    const cited = knownDestinations.filter(({ source }) =>
      source.startsWith('Public Suffix List, private section, as'),
    );
    assert.ok(cited.length > 50);
    assert.deepEqual(
      cited.filter(({ suffix }) => !isPublicSuffix(suffix)).map(({ suffix }) => suffix),
      [],
    );
  });
});

const cases: readonly (readonly [name: string, category: string | null])[] = [
  ['registry.npmjs.org', 'package-registry'],
  ['registry-1.docker.io', 'package-registry'],
  ['123456789012.dkr.ecr.eu-central-1.amazonaws.com', 'package-registry'],
  ['github.com', 'source-host'],
  ['api.github.com', 'source-host'],
  ['npm.pkg.github.com', 'package-registry'],
  ['gist.github.com', 'paste'],
  ['bucket.s3.eu-central-1.amazonaws.com', 'file-storage'],
  ['s3.eu-central-1.amazonaws.com', 'file-storage'],
  ['kms.eu-central-1.amazonaws.com', 'cloud-provider'],
  ['home.duckdns.org', 'dynamic-dns'],
  ['a1b2.ngrok-free.app', 'tunnel'],
  ['abc.oast.fun', 'paste'],
  ['x.chickenkiller.com', 'dynamic-dns'],
  ['mypastebin.com', null],
  ['notgithub.com', null],
  ['github.com.example.org', null],
  ['bank-gateway.example.com', null],
  ['constructor', null],
];

describe('a name is known by the longest suffix that it is, or is below', () => {
  for (const [name, category] of cases) {
    test(`${name} is ${category ?? 'not known'}`, () => {
      assert.equal(findKnownDestination(name)?.category ?? null, category);
    });
  }
});
