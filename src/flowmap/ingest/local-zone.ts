import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';
import type { LocalZone } from './log-format.ts';

const dayMs = 86_400_000;
/** Zones change on quarters of an hour of UTC: Lord Howe and Newfoundland do at half past. */
const quarterMs = 900_000;
/** Quarters whose offset is remembered: logs run through time, so 42 days are enough. */
const rememberedQuarters = 4096;
/** The last instant that a date can hold, less what the search for an offset looks around. */
const lastMs = 8.64e15 - 2 * dayMs;

/**
 * Makes the zone of zone-less times from an IANA name (`Europe/Berlin`), `UTC`, or an offset (`+02:00`).
 * Fault: `timezone_unknown`.
 */
export function createLocalZone(name: string): Result<LocalZone, Fault<'timezone_unknown'>> {
  const offset = /^([+-])([01]\d|2[0-3]):?([0-5]\d)$/.exec(name);
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    const offsetMs = (offset[1] === '-' ? -minutes : minutes) * 60_000;
    return ok(zoneOf(() => offsetMs));
  }
  const format = formatIn(name);
  if (format === null) {
    const message = `time zone ${quoteInput(name)} is not known: write an IANA name like \`Europe/Berlin\`, \`UTC\`, or an offset like \`+02:00\``;
    return failed(fault('timezone_unknown', message));
  }
  return ok(zoneOf(rememberQuarters((instant) => offsetAt(format, instant))));
}

function formatIn(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return null;
  }
}

/** What the zone's clock is ahead of UTC at an instant. */
function offsetAt(format: Intl.DateTimeFormat, instantMs: number): number {
  const at: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instantMs)) at[type] = Number(value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = at;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1000) * 1000;
}

// The offset is the same for all of a quarter of an hour, so one answer serves it.
function rememberQuarters(offset: (instantMs: number) => number): (instantMs: number) => number {
  const known = new Map<number, number>();
  return (instantMs) => {
    const quarter = Math.floor(instantMs / quarterMs);
    const remembered = known.get(quarter);
    if (remembered !== undefined) return remembered;
    if (known.size >= rememberedQuarters) known.clear();
    const found = offset(quarter * quarterMs);
    known.set(quarter, found);
    return found;
  };
}

function zoneOf(offset: (instantMs: number) => number): LocalZone {
  return {
    toEpochMs: (wallMs) => {
      if (!(Math.abs(wallMs) <= lastMs)) return Number.NaN;
      const before = wallMs - offset(wallMs - dayMs);
      const after = wallMs - offset(wallMs + dayMs);
      // No change is near; or the clock was still on the old offset, which for a time that occurs twice is the first.
      if (before === after || before === wallMs - offset(before)) return before;
      // Past the change; else a time that the clock skipped, read as if it had not yet been put forward (RFC 5545 section 3.3.5).
      return after === wallMs - offset(after) ? after : before;
    },
  };
}
