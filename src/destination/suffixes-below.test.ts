import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPublicSuffixBelow } from './suffixes-below.ts';

test('a wildcard above a public suffix is seen, in the private section too', () => {
  for (const name of ['com', 'uk', 'amazonaws.com', 'eu-central-1.amazonaws.com'])
    assert.ok(hasPublicSuffixBelow(name), name);
  for (const name of ['example.com', 'a.example.com', 'example.co.uk', 'github.io', 'nothing.example']) {
    assert.equal(hasPublicSuffixBelow(name), false, name);
  }
});
