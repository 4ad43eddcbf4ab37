import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LargestItems } from './largest-items.ts';

function keep(most: number, items: readonly number[]): LargestItems<number> {
  const kept = new LargestItems<number>(most, (item) => item);
  for (const item of items) kept.add(item);
  return kept;
}

test('the largest stay, in the order in which they came, and the others are counted', () => {
  const kept = keep(3, [5, 1, 9, 2, 7, 1]);
  assert.deepEqual([kept.items(), kept.omitted()], [[5, 9, 7], 3]);
  assert.deepEqual([keep(3, [4]).items(), keep(3, [4]).omitted()], [[4], 0]);
  assert.deepEqual([keep(0, [4, 5]).items(), keep(0, [4, 5]).omitted()], [[], 2]);
});

test('whatever comes, as many as were asked for are kept and none that is left out is larger', () => {
  fc.assert(
    fc.property(fc.nat(8), fc.array(fc.nat(20), { maxLength: 60 }), (most, items) => {
      const kept = keep(most, items);
      const largest = items.toSorted((a, b) => b - a).slice(0, most);
      assert.deepEqual(
        kept.items().toSorted((a, b) => b - a),
        largest,
      );
      assert.equal(kept.omitted(), items.length - largest.length);
    }),
  );
});
