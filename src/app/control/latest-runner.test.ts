import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLatestRunner, type LatestRunner } from './latest-runner.ts';

interface Bed {
  readonly runner: LatestRunner;
  readonly ends: ((isDone: boolean) => void)[];
  readonly failures: unknown[];
}

function makeBed(doneWithinMs = 5_000): Bed {
  const ends: ((isDone: boolean) => void)[] = [];
  const failures: unknown[] = [];
  const runner = createLatestRunner({
    run: () => new Promise((resolve) => ends.push(resolve)),
    failed: (error) => failures.push(error),
    retryMs: 10,
    doneWithinMs,
  });
  return { runner, ends, failures };
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 40));

test('what is asked while it works is done once more, and who asked then waits for that run', async () => {
  const { runner, ends } = makeBed();
  runner.ask();
  runner.ask();
  runner.ask();
  assert.equal(ends.length, 1);
  let isDone = false;
  const done = runner.done().then((whether) => {
    isDone = whether;
  });
  ends[0]?.(true);
  await soon();
  assert.deepEqual([ends.length, isDone], [2, false]);
  ends[1]?.(true);
  await done;
  await soon();
  assert.deepEqual([ends.length, isDone], [2, true], 'nothing is left to do');
  assert.equal(await runner.done(), true);
});

test('a failure is tried again by itself, and closing lets go of everybody', async () => {
  const { runner, ends } = makeBed();
  runner.ask();
  ends[0]?.(false);
  await soon();
  assert.equal(ends.length, 2);
  const done = runner.done();
  runner.close();
  assert.equal(await done, false);
  ends[1]?.(false);
  await soon();
  assert.equal(ends.length, 2);
});

test('nobody waits longer than the bound', async () => {
  const { runner } = makeBed(20);
  runner.ask();
  assert.equal(await runner.done(), false);
  runner.close();
});
