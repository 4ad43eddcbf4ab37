import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShare } from './client-share.ts';
import { InFlight } from './in-flight.ts';

test('whoever waits for room is woken in order, also when those before need none', () => {
  const inFlight = new InFlight({ maxInFlight: 2, maxClientInFlight: 2 });
  const share = createShare('192.0.2.1', 0, 0);
  const woken: string[] = [];
  inFlight.enter(share);
  inFlight.enter(share);
  for (const name of ['a', 'b', 'c', 'd']) {
    inFlight.wait(createShare(name, 0, 0), () => {
      woken.push(name);
      // `a` and `b` find their answers at once; `c` has to wait for one.
      if (name === 'c') inFlight.enter(share);
    });
  }
  inFlight.leave(share);
  assert.deepEqual(woken, ['a', 'b', 'c']);
  inFlight.leave(share);
  assert.deepEqual(woken, ['a', 'b', 'c', 'd']);
});

test('a client at its share waits for its own answers, and others go on', () => {
  const inFlight = new InFlight({ maxInFlight: 10, maxClientInFlight: 1 });
  const [greedy, modest] = [createShare('a', 0, 0), createShare('b', 0, 0)];
  const woken: string[] = [];
  inFlight.enter(greedy);
  assert.deepEqual([inFlight.hasRoom(greedy), inFlight.hasRoom(modest)], [false, true]);
  const forgotten = (): void => void woken.push('forgotten');
  inFlight.wait(greedy, forgotten);
  inFlight.wait(greedy, () => woken.push('greedy'));
  inFlight.forget(greedy, forgotten);
  inFlight.enter(modest);
  inFlight.leave(modest);
  assert.deepEqual(woken, []);
  inFlight.leave(greedy);
  assert.deepEqual([woken, inFlight.count], [['greedy'], 0]);
});
