import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints } from '../../api/contract/index.ts';
import { paths } from './paths.ts';

test('every operation of the console is where the contract says', () => {
  const told = Object.entries(paths);
  assert.ok(told.length >= 10);
  for (const [id, text] of told) {
    const { method, path } = endpoints[id as keyof typeof paths];
    assert.equal(text, `${method} ${path}`, id);
  }
});
