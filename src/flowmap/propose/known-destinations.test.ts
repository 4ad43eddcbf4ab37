import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicSuffix } from '../../destination/index.ts';
import { findKnownDestination, knownDestinations } from './known-destinations.ts';

test('what is known of a name is known of the names below it, and of no other', () => {
  const rows = [
    ['pastebin.com', 'paste'],
    ['api.paste.ee', 'paste'],
    ['mypastebin.com', undefined],
    ['box.duckdns.org', 'dynamic-dns'],
    ['abc.ngrok-free.app', 'tunnel'],
    ['content.dropboxapi.com', 'file-storage'],
    ['registry.npmjs.org', 'package-registry'],
    ['npmjs.org', undefined],
    ['d111.cloudfront.net', 'provider'],
    ['gist.github.com', 'paste'],
    ['github.com', undefined],
    ['bank.example.com', undefined],
    ['', undefined],
  ] as const;
  for (const [name, category] of rows) assert.equal(findKnownDestination(name)?.category, category, name);
});

test('a suffix stands in the table once, in its canonical spelling, with a source and a date', () => {
  const suffixes = knownDestinations.map(({ suffix }) => suffix);
  assert.deepEqual(
    suffixes.filter((suffix, at) => suffixes.indexOf(suffix) !== at),
    [],
  );
  for (const { suffix, source, readOn } of knownDestinations) {
    assert.match(suffix, /^[a-z0-9][a-z0-9.-]*\.[a-z]+$/);
    assert.match(readOn, /^\d{4}-\d\d-\d\d$/);
    assert.ok(source.length > 5);
  }
});

test('rows that cite the Public Suffix List are in it', () => {
  const cited = knownDestinations.filter(({ source }) => source.startsWith('Public Suffix List'));
  assert.ok(cited.length > 60);
  assert.deepEqual(
    cited.filter(({ suffix }) => !isPublicSuffix(suffix)).map(({ suffix }) => suffix),
    [],
  );
});
