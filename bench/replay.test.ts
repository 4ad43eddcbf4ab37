import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureReplay } from './replay.ts';

test('the replay bench runs small: what is allowed is as planned, and no figure is out of all proportion', async () => {
  const sizes = { services: 50, edgesPerService: 100, days: 20, rounds: 1 };
  const [seconds] = await measureReplay({ note: () => undefined }, sizes);
  // A bar for a busy machine and 100,000 edge-days, most of which is starting: it catches a fast path that is not taken.
  assert.ok(seconds !== undefined && seconds.value < 20, `${seconds?.value} s`);
});
