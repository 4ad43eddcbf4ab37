import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  advanceClock,
  anchorClock,
  type ClockReading,
  clockJumpMs,
  effectiveNow,
  type KeptTime,
  mostJumpMs,
  resetClock,
} from './index.ts';

const start: ClockReading = { wallMs: 1_800_000_000_000, monotonicMs: 5_000 };
const hour = 3_600_000;

function later(passedMs: number, jumpMs = 0): ClockReading {
  return { wallMs: start.wallMs + passedMs + jumpMs, monotonicMs: start.monotonicMs + passedMs };
}

describe('kept time', () => {
  const time = anchorClock(start);

  test('is the wall clock while that behaves', () => {
    assert.equal(effectiveNow(time, later(1_000)), start.wallMs + 1_000);
    assert.equal(clockJumpMs(time, later(1_000)), 0);
  });

  test('goes on with the monotonic clock where the wall clock is turned back', () => {
    const before = advanceClock(time, later(1_000));
    assert.equal(effectiveNow(before, later(3_000, -hour)), start.wallMs + 3_000);
    assert.equal(clockJumpMs(before, later(3_000, -hour)), -hour);
  });

  test('follows a jump ahead by five minutes in all, and the rest is forgotten when the wall clock is set right', () => {
    const jumped = advanceClock(time, later(1_000, 24 * hour));
    assert.equal(jumped.keptMs, start.wallMs + 1_000 + mostJumpMs);
    assert.equal(effectiveNow(jumped, later(1_000, 24 * hour)), start.wallMs + 1_000 + 24 * hour);
    assert.equal(clockJumpMs(jumped, later(1_000, 24 * hour)), 24 * hour - mostJumpMs);
    const right = advanceClock(jumped, later(2_000));
    assert.equal(effectiveNow(right, later(2_000)), start.wallMs + 2_000 + mostJumpMs);
    const again = advanceClock(right, later(3_000, 24 * hour));
    assert.equal(again.keptMs, start.wallMs + 3_000 + mostJumpMs);
  });

  test('across a start of the machine is never below what was kept', () => {
    const reading = { wallMs: start.wallMs - hour, monotonicMs: 10 };
    assert.equal(effectiveNow(anchorClock(reading, start.wallMs), reading), start.wallMs);
    const passed = { wallMs: reading.wallMs + 500, monotonicMs: 510 };
    assert.equal(effectiveNow(anchorClock(reading, start.wallMs), passed), start.wallMs + 500);
  });

  test('is anchored to the wall clock by a reset, also back', () => {
    const back = later(1_000, -hour);
    assert.equal(effectiveNow(resetClock(back), back), back.wallMs);
  });
});

const steps = fc.array(
  fc.record({
    passedMs: fc.nat(600_000),
    jumpMs: fc.integer({ min: -10 * hour, max: 10 * hour }),
    isTaken: fc.boolean(),
  }),
  { maxLength: 50 },
);

/** Runs the clocks through steps; `look` sees each reading with the time before it was taken in. */
function run(
  taken: readonly { readonly passedMs: number; readonly jumpMs: number; readonly isTaken: boolean }[],
  look: (time: KeptTime, reading: ClockReading, jumpedMs: number) => void,
): void {
  let time = anchorClock(start);
  let reading = start;
  let jumpedMs = 0;
  for (const { passedMs, jumpMs, isTaken } of taken) {
    jumpedMs += jumpMs;
    reading = { wallMs: reading.wallMs + passedMs + jumpMs, monotonicMs: reading.monotonicMs + passedMs };
    look(time, reading, jumpedMs);
    if (isTaken) time = advanceClock(time, reading);
  }
}

test('INVARIANT: kept time never goes back, and runs at least as fast as the monotonic clock', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      let last = { keptMs: start.wallMs, monotonicMs: start.monotonicMs };
      run(taken, (time, reading) => {
        const { keptMs } = advanceClock(time, reading);
        if (time.at.monotonicMs >= last.monotonicMs) {
          assert.ok(keptMs >= time.keptMs + (reading.monotonicMs - time.at.monotonicMs));
          last = { keptMs: time.keptMs, monotonicMs: time.at.monotonicMs };
        }
        assert.ok(keptMs >= last.keptMs);
      });
    }),
  );
});

test('INVARIANT: kept time is at most five minutes ahead of the monotonic clock since its anchor, whatever the wall clock does', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      run(taken, (time, reading) => {
        const honest = start.wallMs + reading.monotonicMs - start.monotonicMs;
        assert.ok(advanceClock(time, reading).keptMs <= honest + mostJumpMs);
      });
    }),
  );
});

test('INVARIANT: what ended by kept time stays ended, however the wall clock is turned', () => {
  fc.assert(
    fc.property(steps, fc.nat(10 * hour), (taken, offset) => {
      const notAfter = start.wallMs + offset;
      let hasEnded = false;
      run(taken, (time, reading) => {
        if (hasEnded) assert.ok(effectiveNow(time, reading) >= notAfter);
        hasEnded ||= time.keptMs >= notAfter;
      });
    }),
  );
});

test('the time to decide by is never before the wall clock', () => {
  fc.assert(
    fc.property(steps, (taken) =>
      run(taken, (time, reading) => assert.ok(effectiveNow(time, reading) >= reading.wallMs)),
    ),
  );
});
