import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type MachineClocks, openFiledClock } from './clock-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-clock-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const start = 1_800_000_000_000;
const hour = 3_600_000;
const told: string[] = [];
const say = (message: string): void => void told.push(message);
const logger = { info: say, warn: say, error: say };
let files = 0;

/** Clocks that stand still until they are set. `bootId` names the run of the machine. */
function clocksAt(
  wallMs: number,
  uptimeMs: number,
  bootId: string | null = 'run-1',
): MachineClocks & { wall: number; up: number } {
  const clocks = {
    wall: wallMs,
    up: uptimeMs,
    bootId,
    wallMs: () => clocks.wall,
    uptimeMs: () => clocks.up,
    monotonicMs: () => clocks.up,
  };
  return clocks;
}

function freshPath(): string {
  files += 1;
  return join(folder, `clock-${files}.json`);
}

async function leaveAt(path: string, clocks: MachineClocks): Promise<void> {
  const clock = openFiledClock(path, logger, clocks);
  await clock.close();
}

describe('the clock in a file', () => {
  test('shows the wall clock in whole milliseconds', async () => {
    const clocks = clocksAt(start, 10_000);
    const clock = openFiledClock(freshPath(), logger, clocks);
    clocks.wall += 1_500.7;
    clocks.up += 1_500.7;
    assert.equal(clock.now(), start + 1_500);
    assert.deepEqual([clock.jumpMs(), clock.problem()], [0, null]);
    await clock.close();
  });

  test('does not go back when the wall clock is turned back, also over a restart of the process', async () => {
    const path = freshPath();
    await leaveAt(path, clocksAt(start, 10_000));
    const clocks = clocksAt(start - hour + 60_000, 70_000);
    const clock = openFiledClock(path, logger, clocks);
    assert.equal(clock.now(), start + 60_000);
    assert.equal(clock.jumpMs(), -hour);
    assert.match(clock.problem() ?? '', /turned back by 60 min, which is not followed/);
    await clock.close();
  });

  test('after another start of the machine is never below what was kept', async () => {
    const path = freshPath();
    await leaveAt(path, clocksAt(start, 500_000));
    const back = openFiledClock(path, logger, clocksAt(start - 5 * hour, 20, 'run-2'));
    assert.equal(back.now(), start);
    await back.close();
    const ahead = openFiledClock(path, logger, clocksAt(start + 5 * hour, 20, 'run-3'));
    assert.deepEqual([ahead.now(), ahead.problem()], [start + 5 * hour, null]);
    await ahead.close();
  });

  test('takes every start for another one where the run of the machine cannot be told', async () => {
    const path = freshPath();
    await leaveAt(path, clocksAt(start, 500_000, null));
    const clock = openFiledClock(path, logger, clocksAt(start - hour, 600_000, null));
    assert.equal(clock.now(), start);
    await clock.close();
  });

  test('tells of a jump ahead, and is right again when the wall clock is', async () => {
    const path = freshPath();
    await leaveAt(path, clocksAt(start, 10_000));
    const clocks = clocksAt(start + 24 * hour, 10_000);
    const clock = openFiledClock(path, logger, clocks);
    assert.equal(clock.now(), start + 24 * hour);
    assert.match(clock.problem() ?? '', /jumped ahead by 1435 min more than is followed/);
    clocks.wall = start;
    assert.equal(clock.now(), start + 5 * 60_000);
    await clock.close();
  });

  test('is anchored to the wall clock by a reset, and stays there over a restart', async () => {
    const path = freshPath();
    await leaveAt(path, clocksAt(start, 10_000));
    const clocks = clocksAt(start - hour, 10_000);
    const clock = openFiledClock(path, logger, clocks);
    assert.deepEqual(clock.reset(), { fromMs: start, toMs: start - hour });
    assert.deepEqual([clock.now(), clock.problem()], [start - hour, null]);
    await clock.close();
    const again = openFiledClock(path, logger, clocks);
    assert.equal(again.now(), start - hour);
    await again.close();
  });

  test('that is damaged is told, and the wall clock is taken', async () => {
    const path = freshPath();
    writeFileSync(path, '{"bootId":"run-1"');
    const clock = openFiledClock(path, logger, clocksAt(start, 10_000));
    assert.equal(clock.now(), start);
    assert.match(told.join('\n'), /the kept clock .* is damaged/);
    await clock.close();
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).time.keptMs, start);
  });
});
