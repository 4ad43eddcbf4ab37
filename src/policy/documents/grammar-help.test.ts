import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grammarHelp } from './grammar-help.ts';
import { knownKeys } from './known-keys.ts';

test('every key that is read has its help, and nothing else has', () => {
  for (const [map, keys] of Object.entries(knownKeys)) {
    assert.deepEqual(Object.keys(grammarHelp[map as keyof typeof grammarHelp]).sort(), [...keys].sort(), map);
  }
});
