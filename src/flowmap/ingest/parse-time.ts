import type { LocalZone } from './log-format.ts';

const iso =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?$/i;

/**
 * Reads ISO 8601 and its kin: `2024-03-12T15:02:32.123456Z`, `2024/03/12 15:02:32`, `2020-01-27T21:27:10.693784+0000`.
 * Without a zone it is a time of `zone`. Epoch milliseconds; NaN for text that is no time, as for everything in this file.
 */
export function parseIsoTime(text: string, zone: LocalZone): number {
  const found = iso.exec(text);
  if (found === null) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction, offset] = found;
  return inZone(wallClock([year, month, day, hour, minute, second], fraction), offset, zone);
}

/** Reads the time of common log format: `10/Oct/2000:13:55:36 -0700`, with milliseconds or without a zone too. */
export function parseClfTime(text: string, zone: LocalZone): number {
  const found = /^(\d{1,2})\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*([+-]\d{4})?$/.exec(text);
  if (found === null) return Number.NaN;
  const [, day, month = '', year, hour, minute, second, fraction, offset] = found;
  return inZone(wallClock([year, monthNumber(month), day, hour, minute, second], fraction), offset, zone);
}

/**
 * Reads a time without a year, `Sep 16 10:00:02`, as the latest such time that is not more than a day after `nowMs`
 * (logs tell the past; a day allows for zones and clocks).
 */
export function parseSyslogTime(text: string, zone: LocalZone, nowMs: number): number {
  const found = /^([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (found === null) return Number.NaN;
  const [, month = '', day, hour, minute, second, fraction] = found;
  const thisYear = new Date(nowMs).getUTCFullYear();
  // Some years back, for the 29th of February.
  for (let year = thisYear + 1; year > thisYear - 8; year--) {
    const at = zone.toEpochMs(wallClock([String(year), monthNumber(month), day, hour, minute, second], fraction));
    if (at <= nowMs + 86_400_000) return at;
  }
  return Number.NaN;
}

/** Reads epoch seconds, with a fraction or not, and whole milli-, micro- or nanoseconds by their number of digits. */
export function parseEpochTime(text: string): number {
  if (!/^\d{1,19}(?:\.\d{1,9})?$/.test(text)) return Number.NaN;
  const [whole = '', fraction = ''] = text.split('.');
  // By digits: a product of floating point would round some fractions up.
  if (whole.length <= 11) return Number(whole) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
  if (whole.length <= 14) return Number(whole);
  if (whole.length <= 17) return Math.floor(Number(whole) / 1000);
  return Number(whole.slice(0, -6));
}

/** The number of an English month name, full or cut to three letters; NaN for none. */
export function monthNumber(name: string): number {
  return months[name.slice(0, 3).toLowerCase()] ?? Number.NaN;
}

const months: Readonly<Record<string, number>> = {
  jan: 1,
  feb: 2,
  mar: 3,
  apr: 4,
  may: 5,
  jun: 6,
  jul: 7,
  aug: 8,
  sep: 9,
  oct: 10,
  nov: 11,
  dec: 12,
};

/** UTC as a zone, for times that carry their own offset. */
export const utcZone: LocalZone = { toEpochMs: (wallMs) => wallMs };

/**
 * A wall clock as if it were UTC, from year, month, day, hour, minute and second (missing ones are the first) and the digits of a
 * fraction of a second. NaN for a time that no clock shows: `Date.UTC` alone takes the 31st of June for the 1st of July.
 */
export function wallClock(parts: readonly (string | number | undefined)[], fraction: string = ''): number {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    part === undefined ? undefined : Number(part),
  );
  // `Date.UTC` takes years below 100 for those of the 20th century.
  if (year < 100 || hour > 23 || minute > 59 || second > 60) return Number.NaN;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const wallMs = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() + 1 === month && date.getUTCDate() === day ? wallMs : Number.NaN;
}

function inZone(wallMs: number, offset: string | undefined, zone: LocalZone): number {
  return offset === undefined ? zone.toEpochMs(wallMs) : wallMs - offsetMs(offset);
}

function offsetMs(text: string): number {
  if (!/\d/.test(text)) return 0;
  const digits = text.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (digits.startsWith('-') ? -minutes : minutes) * 60_000;
}
