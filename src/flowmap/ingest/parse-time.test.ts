import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLocalZone } from './local-zone.ts';
import type { LocalZone } from './log-format.ts';
import {
  monthNumber,
  parseClfTime,
  parseEpochTime,
  parseIsoTime,
  parseSyslogTime,
  utcZone,
  wallClock,
} from './parse-time.ts';

function zoneOf(name: string): LocalZone {
  const zone = createLocalZone(name);
  assert.ok(zone.ok);
  return zone.value;
}

const berlin = zoneOf('Europe/Berlin');
const years2000to2100 = { min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) };

/** Text of a time, and the same instant in ISO; null where it is no time. */
const isoCases: readonly (readonly [string, string | null])[] = [
  ['2026-11-27T15:02:32Z', '2026-11-27T15:02:32.000Z'],
  ['2026-11-27T15:02:32.123456Z', '2026-11-27T15:02:32.123Z'],
  ['2026-11-27T15:02:32.123999999Z', '2026-11-27T15:02:32.123Z'],
  ['2026-11-27T15:02:32,5Z', '2026-11-27T15:02:32.500Z'],
  ['2026-11-27 15:02:32 UTC', '2026-11-27T15:02:32.000Z'],
  ['2026-11-27T15:02:32.693784+0100', '2026-11-27T14:02:32.693Z'],
  ['2026-11-27T15:02:32+05:45', '2026-11-27T09:17:32.000Z'],
  ['2026-11-27 15:02:32 -0330', '2026-11-27T18:32:32.000Z'],
  ['2026/11/27 15:02:32', '2026-11-27T14:02:32.000Z'],
  ['2026-07-27 15:02:32', '2026-07-27T13:02:32.000Z'],
  ['2026-11-27', '2026-11-26T23:00:00.000Z'],
  ['2026-1-7 5:02', '2026-01-07T04:02:00.000Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
  // A leap second is the first of the next minute, as POSIX has it.
  ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
  ['2025-02-29T00:00:00Z', null],
  ['2100-02-29T00:00:00Z', null],
  ['2026-06-31T00:00:00Z', null],
  ['2026-13-01T00:00:00Z', null],
  ['2026-00-10T00:00:00Z', null],
  ['2026-11-00T00:00:00Z', null],
  ['2026-11-27T24:00:00Z', null],
  ['2026-11-27T15:60:00Z', null],
  // Years below 100 are not those of the 20th century.
  ['0099-11-27T15:02:32Z', null],
  ['2026-11-27T15:02:32Z and more', null],
  ['27.11.2026 15:02:32', null],
  ['', null],
];

test('ISO times and their kin are instants, by their own zone or by that of the source', () => {
  for (const [text, expected] of isoCases) {
    const parsed = parseIsoTime(text, berlin);
    assert.equal(Number.isNaN(parsed) ? null : new Date(parsed).toISOString(), expected, text);
  }
});

test('what JavaScript writes as ISO is read back', () => {
  fc.assert(
    fc.property(fc.integer(years2000to2100), (instant) => {
      assert.equal(parseIsoTime(new Date(instant).toISOString(), utcZone), instant);
    }),
  );
});

test('times of common log format are read with their offset, with milliseconds, and without a zone', () => {
  assert.equal(parseClfTime('10/Oct/2026:13:55:36 -0700', berlin), Date.UTC(2026, 9, 10, 20, 55, 36));
  assert.equal(parseClfTime('29/Feb/2024:15:01:18.909', berlin), Date.UTC(2024, 1, 29, 14, 1, 18, 909));
  assert.equal(parseClfTime('1/Jan/2026:00:00:00 +0000', berlin), Date.UTC(2026, 0, 1));
  for (const wrong of ['29/Feb/2025:15:01:18 +0000', '10/Okt/2026:13:55:36 +0000', '10/Oct/26:13:55:36', '']) {
    assert.ok(Number.isNaN(parseClfTime(wrong, berlin)), wrong);
  }
});

/** Text without a year, the present, and the instant that it means. */
const syslogCases: readonly (readonly [string, string, string | null])[] = [
  ['Nov 27 10:00:00', '2026-11-28T12:00:00Z', '2026-11-27T10:00:00.000Z'],
  ['Nov  7 10:00:00.25', '2026-11-28T12:00:00Z', '2026-11-07T10:00:00.250Z'],
  // At New Year the last lines of December are of the year before …
  ['Dec 31 23:59:59', '2027-01-01T00:30:00Z', '2026-12-31T23:59:59.000Z'],
  // … and a clock that is ahead has begun the next one.
  ['Jan  1 00:10:00', '2026-12-31T23:50:00Z', '2027-01-01T00:10:00.000Z'],
  // Up to a day ahead is a clock; more than that was a year ago.
  ['Nov 29 11:59:59', '2026-11-28T12:00:00Z', '2026-11-29T11:59:59.000Z'],
  ['Nov 29 12:00:01', '2026-11-28T12:00:00Z', '2025-11-29T12:00:01.000Z'],
  // The 29th of February was in 2024, and in 2096 before 2104.
  ['Feb 29 01:02:03', '2026-11-28T12:00:00Z', '2024-02-29T01:02:03.000Z'],
  ['Feb 29 01:02:03', '2028-02-29T02:00:00Z', '2028-02-29T01:02:03.000Z'],
  ['Feb 29 01:02:03', '2103-11-28T12:00:00Z', '2096-02-29T01:02:03.000Z'],
  ['Feb 30 01:02:03', '2026-11-28T12:00:00Z', null],
  ['Nov 27 25:00:00', '2026-11-28T12:00:00Z', null],
  ['nov 27 10:00:00', '2026-11-28T12:00:00Z', null],
];

test('a time without a year is the latest such one that is not more than a day ahead', () => {
  for (const [text, now, expected] of syslogCases) {
    const parsed = parseSyslogTime(text, utcZone, Date.parse(now));
    assert.equal(Number.isNaN(parsed) ? null : new Date(parsed).toISOString(), expected, `${text} at ${now}`);
  }
});

test('a time without a year is a time of the zone, also where the year turns', () => {
  const parsed = parseSyslogTime('Jan  1 00:40:00', berlin, Date.UTC(2026, 11, 31, 23, 50));
  assert.equal(parsed, Date.UTC(2026, 11, 31, 23, 40));
});

test('any past instant of the last months is read back without its year', () => {
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  fc.assert(
    fc.property(fc.integer(years2000to2100), fc.integer({ min: 0, max: 363 * 86_400 }), (now, agoSeconds) => {
      const then = new Date(Math.floor(now / 1000) * 1000 - agoSeconds * 1000);
      const clock = then.toISOString().slice(11, 19);
      const text = `${names[then.getUTCMonth()]} ${String(then.getUTCDate()).padStart(2)} ${clock}`;
      assert.equal(parseSyslogTime(text, utcZone, now), then.getTime());
    }),
  );
});

/** Text of an epoch, and its milliseconds; NaN where it is none. */
const epochCases: readonly (readonly [string, number])[] = [
  ['1795773601', 1_795_773_601_000],
  ['1795773601.277', 1_795_773_601_277],
  ['1795773601.2', 1_795_773_601_200],
  ['1795773601.123999999', 1_795_773_601_123],
  ['1795773601277', 1_795_773_601_277],
  ['1795773601277.5', 1_795_773_601_277],
  ['1795773601277999', 1_795_773_601_277],
  // Nanoseconds have 19 digits, more than a number holds exactly.
  ['1795773601277999999', 1_795_773_601_277],
  ['0', 0],
  ['17957736012779999999', Number.NaN],
  ['-1795773601', Number.NaN],
  ['1.795e9', Number.NaN],
  ['1795773601.', Number.NaN],
  ['', Number.NaN],
  ['0x10', Number.NaN],
];

test('epochs are read by their number of digits', () => {
  for (const [text, expected] of epochCases) assert.equal(parseEpochTime(text), expected, text);
});

test('an instant is the same in seconds, milli-, micro- and nanoseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2002, 0, 1), max: Date.UTC(2100, 0, 1) }), (instant) => {
      const digits = String(instant);
      const texts = [`${digits.slice(0, -3)}.${digits.slice(-3)}`, digits, `${digits}999`, `${digits}999999`];
      for (const text of texts) assert.equal(parseEpochTime(text), instant, text);
    }),
  );
});

test('months are known by their first three letters', () => {
  assert.deepEqual([monthNumber('Jan'), monthNumber('DECEMBER'), monthNumber('sept')], [1, 12, 9]);
  for (const wrong of ['Okt', '', 'con', '__proto__']) assert.ok(Number.isNaN(monthNumber(wrong)), wrong);
});

test('a wall clock has defaults for what is missing, and is no time where no clock shows it', () => {
  assert.equal(wallClock(['2026']), Date.UTC(2026, 0, 1));
  assert.equal(wallClock([2026, 2, 28, 23, 59, 59], '9'), Date.UTC(2026, 1, 28, 23, 59, 59, 900));
  assert.ok(Number.isNaN(wallClock([2026, Number.NaN])));
  assert.ok(Number.isNaN(wallClock([2026, 2, 29])));
});

test('no text makes a reader of times throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9TZ:. +/-]{0,30}$/)), (text) => {
      for (const parsed of [
        parseIsoTime(text, berlin),
        parseClfTime(text, berlin),
        parseSyslogTime(text, berlin, Date.UTC(2026, 10, 28)),
        parseEpochTime(text),
      ]) {
        assert.equal(typeof parsed, 'number');
      }
    }),
  );
});
