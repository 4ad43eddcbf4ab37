import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RowTable } from './row-table.ts';

describe('the table of rows', () => {
  test('a new key gives a new row of zeros, and the same key its row again', () => {
    const table = new RowTable(2, 3, 1);
    table.key.set([7, 8]);
    assert.equal(table.find(), -1);
    table.values.set([1, 2, 3], 0);
    table.key.set([8, 7]);
    assert.equal(table.find(), -4);
    assert.deepEqual([...table.values.subarray(3, 6)], [0, 0, 0]);
    table.key.set([7, 8]);
    assert.equal(table.find(), 0);
    assert.deepEqual([table.count, [...table.keys.subarray(0, 4)]], [2, [7, 8, 8, 7]]);
  });

  test('counts what a map counts, through growth, whatever the keys and the seed', () => {
    const key = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer());
    fc.assert(
      fc.property(fc.array(key, { maxLength: 4000, size: 'max' }), fc.integer(), (keys, seed) => {
        const table = new RowTable(2, 1, seed);
        const expected = new Map<string, number>();
        for (const [a, b] of keys) {
          table.key.set([a, b]);
          const found = table.find();
          const at = found < 0 ? -1 - found : found;
          table.values[at] = (table.values[at] ?? 0) + 1;
          expected.set(`${a},${b}`, (expected.get(`${a},${b}`) ?? 0) + 1);
        }
        const counted = Array.from({ length: table.count }, (_, row) => [
          `${table.keys[row * 2]},${table.keys[row * 2 + 1]}`,
          table.values[row],
        ]);
        assert.deepEqual(counted, [...expected]);
      }),
      { numRuns: 30 },
    );
  });

  test('forgets everything, and begins anew', () => {
    const table = new RowTable(1, 1, 1);
    for (let key = 0; key < 5000; key += 1) {
      table.key[0] = key;
      table.find();
    }
    table.clear();
    assert.equal(table.count, 0);
    table.key[0] = 4999;
    assert.equal(table.find(), -1);
    assert.equal(table.values[0], 0);
  });
});
