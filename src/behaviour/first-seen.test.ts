import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFirstSeen, lineOf, type Sighting } from './index.ts';

const one: Sighting = { service: 'payments-api', domain: 'example.com', port: 443 };

test('a sighting is first once ever, and another service, domain or port is another sighting', () => {
  const seen = createFirstSeen({});
  assert.equal(seen.note(one), 'first');
  assert.equal(seen.note(one), 'known');
  for (const other of [
    { ...one, service: 'ci-runner' },
    { ...one, domain: 'example.net' },
    { ...one, port: 80 },
    { ...one, port: null },
  ]) {
    assert.equal(seen.note(other), 'first');
    assert.equal(seen.note(other), 'known');
  }
  assert.equal(seen.counts().sightings, 5);
  assert.equal(seen.counts().services, 2);
});

test('what was seen is known after a restart, line by line or all at once', () => {
  const text = fc.string({ minLength: 1, maxLength: 40 });
  const sighting = fc.record({ service: text, domain: text, port: fc.option(fc.nat(65_535)) });
  fc.assert(
    fc.property(fc.array(sighting), (list) => {
      const before = createFirstSeen({});
      const appended = list.filter((each) => before.note(each) === 'first').map(lineOf);
      assert.deepEqual(new Set(before.lines()), new Set(appended));
      const after = createFirstSeen({});
      for (const line of appended) assert.equal(after.load(line), true);
      for (const each of list) assert.equal(after.note(each), 'known');
      assert.equal(after.counts().overflowed, 0);
    }),
  );
});

test('a line is always one line', () => {
  assert.doesNotMatch(lineOf({ ...one, domain: 'a\n["x","y",1]' }), /\n/);
});

test('lines that are none are passed over', () => {
  const seen = createFirstSeen({});
  for (const line of [
    '',
    'x',
    '{}',
    'null',
    '["a"]',
    '["a","b"]',
    '["a","b","c"]',
    '["a",1,2]',
    '["a","b",-1]',
    '["a","b",1.5]',
    '["","b",1]',
  ]) {
    assert.equal(seen.load(line), false, line);
  }
  assert.equal(seen.counts().sightings, 0);
});

test('a flood of names from one service evicts nothing, hides nobody else, and is counted', () => {
  const seen = createFirstSeen({ maxPerService: 100 });
  seen.note(one);
  const flood = Array.from({ length: 1000 }, (_, i) =>
    seen.note({ service: 'ci-runner', domain: `x${i}.example`, port: 443 }),
  );
  assert.equal(flood.filter((outcome) => outcome === 'first').length, 100);
  assert.equal(flood.filter((outcome) => outcome === 'overflow').length, 900);
  assert.equal(seen.note(one), 'known');
  assert.equal(seen.note({ ...one, domain: 'example.net' }), 'first');
  assert.equal(seen.counts().overflowed, 900);
});

test('memory is bounded in all, however many services there are', () => {
  const seen = createFirstSeen({ maxBytes: 10_000 });
  for (let i = 0; i < 1000; i += 1) seen.note({ service: `s${i}`, domain: 'example.com', port: 443 });
  const { approximateBytes, services, overflowed } = seen.counts();
  assert.ok(approximateBytes <= 10_000);
  assert.equal(services + overflowed, 1000);
  assert.equal(seen.note({ service: 's0', domain: 'x'.repeat(300), port: 1 }), 'overflow');
});
