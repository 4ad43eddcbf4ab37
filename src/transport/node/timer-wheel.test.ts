import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { TimerWheel, type WheelEntry } from './timer-wheel.ts';

function entry(fired: string[], name: string): WheelEntry {
  return { wheelDueMs: 0, wheelSlot: -1, onDue: () => void fired.push(name) };
}

test('an entry comes due once, not early, and a cleared or moved one does not', async () => {
  const wheel = new TimerWheel(() => performance.now());
  const fired: string[] = [];
  const [soon, cleared, moved, far] = ['soon', 'cleared', 'moved', 'far'].map((name) => entry(fired, name));
  assert.ok(soon && cleared && moved && far);
  const now = wheel.readNow();
  wheel.set(soon, now + 100);
  wheel.set(cleared, now + 100);
  wheel.set(moved, now + 100);
  // More than a turn of the wheel away, in a slot that is visited soon.
  wheel.set(far, now + 100 + 1024 * 250);
  wheel.clear(cleared);
  wheel.set(moved, now + 3_600_000);
  assert.deepEqual(fired, []);
  await wait(700);
  assert.deepEqual(fired, ['soon']);
  assert.equal(soon.wheelSlot, -1);
  wheel.stop();
});
