import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstDay } from '../../../test/support/propose-fixture.ts';
import { readinessOfService, readinessText } from './readiness-of-service.ts';

const dayMs = 86_400_000;
const days = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => firstDay + from + at);

function readinessOver(seen: readonly number[], logs: readonly number[] = seen): ReturnType<typeof readinessOfService> {
  return readinessOfService({ days: seen, logDays: new Set(logs), startsMs: null, firstSeenMs: [], unseen: [] });
}

// The first day is 2026-10-01, a Thursday; 2026-10-31 is the thirtieth day after it.
const rows: readonly (readonly [title: string, days: readonly number[], isReady: boolean, lacks: number])[] = [
  ['nothing seen', [], false, 2],
  ['thirteen days with a month end', days(20, 13), false, 1],
  ['fourteen days with a month end', days(20, 14), true, 0],
  ['thirty days without a month end', days(0, 30), false, 1],
  ['the last day of a month is its end', days(0, 31), true, 0],
];

test('nothing is ready before 14 days with a month end', () => {
  for (const [title, seen, isReady, lacks] of rows) {
    const readiness = readinessOver(seen);
    assert.equal(readiness.lacks.length, lacks, title);
    assert.equal(readiness.isReady, isReady, title);
  }
});

test('a month end counts when logs reach over it, though the service rested', () => {
  const weekdays = days(20, 20).filter((day) => ![6, 0].includes((day + 4) % 7));
  assert.equal(readinessOver(weekdays).monthEnd, false);
  assert.equal(readinessOver(weekdays, days(20, 20)).monthEnd, true);
});

test('weekdays, weekends and new edges are told', () => {
  const readiness = readinessOfService({
    days: days(0, 20),
    logDays: new Set(days(0, 20)),
    startsMs: null,
    firstSeenMs: [firstDay, firstDay + 12, firstDay + 13, firstDay + 19].map((day) => day * dayMs),
    unseen: [],
  });
  assert.deepEqual([readiness.weekdays, readiness.weekend, readiness.newEdges], [7, true, 2]);
  assert.match(
    readinessText(readiness),
    /^not ready: no month end was seen; seen on 20 of 20 days.*restarts: unknown \(no export/,
  );
  assert.equal(readinessOver(days(0, 2)).weekend, false);
});

test('restarts count on days on which the service was seen; what no export tells is unknown', () => {
  const startsMs = [-1, 0, 3, 3.5, 5].map((day) => (firstDay + day) * dayMs);
  const seen = { days: days(0, 5), logDays: new Set(days(0, 5)), firstSeenMs: [], unseen: [] };
  const readiness = readinessOfService({ ...seen, startsMs });
  assert.equal(readiness.restarts, 3);
  assert.match(readinessText(readiness), /no month end, restarts: 3, 0 edges/);
  assert.equal(readinessOfService({ ...seen, startsMs: [] }).restarts, 0);
  assert.equal(readinessOfService({ ...seen, startsMs: null }).restarts, null);
});
