import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';
import type { LocalZone } from './log-format.ts';

const hourMs = 3_600_000;
/** Hours whose offset is remembered: logs run through time, so a few are enough. */
const rememberedHours = 4096;

/**
 * Makes the zone of zone-less times from an IANA name (`Europe/Berlin`), `UTC`, or an offset (`+02:00`).
 * Fault: `timezone_unknown`.
 */
export function createLocalZone(name: string): Result<LocalZone, Fault<'timezone_unknown'>> {
  const offset = /^([+-])(\d\d):?(\d\d)$/.exec(name);
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
  return ok(zoneOf(rememberHours((instant) => offsetAt(format, instant))));
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

// Zones change their offset on whole hours of UTC or not at all within one, so one answer serves the hour.
function rememberHours(offset: (instantMs: number) => number): (instantMs: number) => number {
  const known = new Map<number, number>();
  return (instantMs) => {
    const hour = Math.floor(instantMs / hourMs);
    const remembered = known.get(hour);
    if (remembered !== undefined) return remembered;
    if (known.size >= rememberedHours) known.clear();
    const found = offset(hour * hourMs);
    known.set(hour, found);
    return found;
  };
}

function zoneOf(offset: (instantMs: number) => number): LocalZone {
  return {
    toEpochMs: (wallMs) => {
      if (!Number.isFinite(wallMs)) return Number.NaN;
      // Twice: the offset at the guess may be that of the other side of a change.
      const guess = wallMs - offset(wallMs);
      return wallMs - offset(guess);
    },
  };
}
