/** How far kept time may run ahead of the monotonic clock in all since its anchor: past it a jump of the wall clock is not followed. */
export const mostJumpMs: number = 5 * 60_000;

/** What two clocks show at one moment: the wall clock (epoch milliseconds) and one that only rises, with any zero. */
export interface ClockReading {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Time that never goes back: where the clocks stood when it was anchored and when it was last advanced, and what it had come to. */
export interface KeptTime {
  readonly anchor: ClockReading;
  readonly at: ClockReading;
  readonly keptMs: number;
}

/** Anchors kept time to what the clocks show, never below `leastMs` (what was kept before the clocks began anew). */
export function anchorClock(reading: ClockReading, leastMs = 0): KeptTime {
  const keptMs = Math.max(reading.wallMs, leastMs);
  return { anchor: { ...reading, wallMs: keptMs }, at: reading, keptMs };
}

/**
 * Advances kept time to what the clocks show. It follows the wall clock, at most as fast as the monotonic clock and {@link mostJumpMs} in
 * all since its anchor; where the wall clock was turned back it goes on with the monotonic one. INVARIANT: it never goes back.
 */
export function advanceClock(time: KeptTime, reading: ClockReading): KeptTime {
  return { ...time, at: reading, keptMs: keptAt(time, reading) };
}

// Every decision asks for the time, some of them several times: nothing is allocated here.
function keptAt({ anchor, at, keptMs }: KeptTime, { wallMs, monotonicMs }: ClockReading): number {
  const passedMs = Math.max(0, monotonicMs - at.monotonicMs);
  const ceilingMs = anchor.wallMs + Math.max(0, monotonicMs - anchor.monotonicMs) + mostJumpMs;
  return Math.max(keptMs + passedMs, Math.min(wallMs, ceilingMs));
}

/**
 * The time to decide by: the later of wall clock and kept time. While the wall clock is far ahead, everything that ends by then has
 * ended; when it is set right again, kept time has hardly moved.
 */
export function effectiveNow(time: KeptTime, reading: ClockReading): number {
  return Math.max(reading.wallMs, keptAt(time, reading));
}

/** How far the wall clock is ahead of kept time (past what that follows), or behind it (negative), in milliseconds. */
export function clockJumpMs(time: KeptTime, reading: ClockReading): number {
  return reading.wallMs - keptAt(time, reading);
}

/** Anchors kept time to the wall clock, also where that is behind: for a person who has looked at the clock. */
export function resetClock(reading: ClockReading): KeptTime {
  return anchorClock(reading);
}
