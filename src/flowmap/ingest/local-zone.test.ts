import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLocalZone } from './local-zone.ts';

function toUtc(zoneName: string, wall: string): string {
  const zone = createLocalZone(zoneName);
  assert.ok(zone.ok, zoneName);
  return new Date(zone.value.toEpochMs(Date.parse(`${wall}Z`))).toISOString().slice(0, 19);
}

/** Zone, wall clock, and the instant in UTC. */
const cases: readonly (readonly [string, string, string])[] = [
  ['UTC', '2026-07-01T12:00:00', '2026-07-01T12:00:00'],
  ['+02:00', '2026-01-01T01:00:00', '2025-12-31T23:00:00'],
  ['-0330', '2026-01-01T01:00:00', '2026-01-01T04:30:00'],
  ['Asia/Kathmandu', '2026-01-01T05:45:00', '2026-01-01T00:00:00'],
  // Berlin: winter, summer, and the changes at 01:00 UTC.
  ['Europe/Berlin', '2026-01-15T12:00:00', '2026-01-15T11:00:00'],
  ['Europe/Berlin', '2026-07-15T12:00:00', '2026-07-15T10:00:00'],
  ['Europe/Berlin', '2026-03-29T01:59:59', '2026-03-29T00:59:59'],
  // 02:30 does not exist: read by the clock that had not been put forward.
  ['Europe/Berlin', '2026-03-29T02:30:00', '2026-03-29T01:30:00'],
  ['Europe/Berlin', '2026-03-29T03:00:00', '2026-03-29T01:00:00'],
  // 02:00 to 03:00 occurs twice: the first.
  ['Europe/Berlin', '2026-10-25T01:59:59', '2026-10-24T23:59:59'],
  ['Europe/Berlin', '2026-10-25T02:00:00', '2026-10-25T00:00:00'],
  ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T00:30:00'],
  ['Europe/Berlin', '2026-10-25T02:59:59', '2026-10-25T00:59:59'],
  ['Europe/Berlin', '2026-10-25T03:00:00', '2026-10-25T02:00:00'],
  // New York: behind UTC, so the changes lie on the other side of the guess.
  ['America/New_York', '2026-01-15T12:00:00', '2026-01-15T17:00:00'],
  ['America/New_York', '2026-07-15T12:00:00', '2026-07-15T16:00:00'],
  ['America/New_York', '2026-03-08T01:59:59', '2026-03-08T06:59:59'],
  ['America/New_York', '2026-03-08T02:30:00', '2026-03-08T07:30:00'],
  ['America/New_York', '2026-03-08T03:00:00', '2026-03-08T07:00:00'],
  ['America/New_York', '2026-11-01T00:59:59', '2026-11-01T04:59:59'],
  ['America/New_York', '2026-11-01T01:30:00', '2026-11-01T05:30:00'],
  ['America/New_York', '2026-11-01T02:00:00', '2026-11-01T07:00:00'],
  // Changes at half past an hour of UTC, and by half an hour.
  ['America/St_Johns', '2026-03-08T01:59:00', '2026-03-08T05:29:00'],
  ['America/St_Johns', '2026-03-08T03:00:00', '2026-03-08T05:30:00'],
  ['Australia/Lord_Howe', '2026-10-04T01:59:00', '2026-10-03T15:29:00'],
  ['Australia/Lord_Howe', '2026-10-04T02:30:00', '2026-10-03T15:30:00'],
  ['Australia/Lord_Howe', '2026-04-05T01:45:00', '2026-04-04T14:45:00'],
  // The year turns at another instant.
  ['Pacific/Auckland', '2027-01-01T00:00:00', '2026-12-31T11:00:00'],
];

test('a wall clock is the instant that it means in its zone, the first of two', () => {
  for (const [zone, wall, utc] of cases) assert.equal(toUtc(zone, wall), utc, `${zone} ${wall}`);
});

test('a zone that is none is a fault that says what may be written', () => {
  for (const name of ['Europe/Berlim', '', '+25:00', '+02:60', 'summer']) {
    const zone = createLocalZone(name);
    assert.ok(!zone.ok, name);
    assert.equal(zone.fault.code, 'timezone_unknown');
    assert.ok(zone.fault.message.includes('Europe/Berlin'));
  }
});

test('no time stays none', () => {
  for (const name of ['UTC', 'Europe/Berlin']) {
    const zone = createLocalZone(name);
    assert.ok(zone.ok);
    for (const wall of [Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1e300, 8.64e15]) {
      assert.ok(Number.isNaN(zone.value.toEpochMs(wall)), `${wall}`);
    }
  }
});

test('every instant is found again by its wall clock, or an hour off where that occurs twice', () => {
  const names = ['Europe/Berlin', 'America/New_York', 'America/St_Johns', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'];
  const zones = new Map(names.map((name) => [name, createLocalZone(name)]));
  const clocks = new Map(
    names.map((timeZone) => [
      timeZone,
      new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }),
    ]),
  );
  const seconds = fc.integer({ min: Date.UTC(2015, 0, 1) / 1000, max: Date.UTC(2035, 0, 1) / 1000 });
  fc.assert(
    fc.property(fc.constantFrom(...names), seconds, (name, second) => {
      const zone = zones.get(name);
      const clock = clocks.get(name);
      assert.ok(zone?.ok && clock !== undefined);
      const wall = clock.format(second * 1000);
      const found = zone.value.toEpochMs(Date.parse(`${wall.replace(' ', 'T')}Z`));
      // Whatever instant was found, its wall clock is the one that was read, and it is no later.
      assert.equal(clock.format(found), wall);
      assert.ok(found <= second * 1000);
      assert.ok(found >= second * 1000 - 3_600_000);
    }),
    { numRuns: 500 },
  );
});
