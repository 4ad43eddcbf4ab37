import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from './turns.ts';

test('long work lets whatever waits have its turn, and is done in order', async () => {
  const done: (number | string)[] = [];
  const work = createTurns(0).each([1, 2, 3], (item) => done.push(item));
  setImmediate(() => done.push('other'));
  await work;
  assert.deepEqual([done.filter((item) => item !== 'other'), done.indexOf('other') < 3], [[1, 2, 3], true]);
});

test('what throws ends the work', async () => {
  const seen: number[] = [];
  const work = createTurns().each([1, 2, 3], (item) => {
    seen.push(item);
    if (item === 2) throw new TypeError('"item" is two');
  });
  await assert.rejects(work, /is two/);
  assert.deepEqual(seen, [1, 2]);
});
