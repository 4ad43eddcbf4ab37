import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketWidths, coverSpan } from './cover-span.ts';

const hour = 3_600_000;
const now = Date.parse('2026-11-23T12:30:00Z');

test('a day is covered by few buckets, each instant once', () => {
  const { sinceMs, untilMs, runs } = coverSpan(now - 24 * hour, now, now);
  assert.equal(new Date(sinceMs).toISOString(), '2026-11-22T12:00:00.000Z');
  assert.equal(new Date(untilMs).toISOString(), '2026-11-23T13:00:00.000Z');
  assert.deepEqual(
    runs.map(({ widthMs, fromMs, toMs }) => [widthMs / hour, (toMs - fromMs) / hour]),
    [
      [6, 24],
      [1, 1],
    ],
  );
});

test('what is older than narrow buckets are kept begins and ends with a wide one', () => {
  const { sinceMs, runs } = coverSpan(now - 30 * 24 * hour, now, now);
  assert.equal(sinceMs % (24 * hour), 0);
  assert.deepEqual(
    runs.map(({ widthMs }) => widthMs / hour),
    [24],
  );
});

test('a cover holds the time, has no holes, and names only buckets that are kept', () => {
  const instants = fc.integer({ min: 0, max: 60 * 24 * 60 }).map((minutes) => now - minutes * 60_000);
  fc.assert(
    fc.property(instants, instants, (one, other) => {
      const [since, until] = [Math.min(one, other), Math.max(one, other)];
      const { sinceMs, untilMs, runs } = coverSpan(since, until, now);
      const oldest = now - (bucketWidths.at(-1)?.keptMs ?? 0);
      assert.ok(sinceMs <= Math.max(since, oldest) && untilMs > sinceMs && runs.length < 8);
      if (until >= oldest) assert.ok(untilMs >= until);
      let at = sinceMs;
      for (const { widthMs, fromMs, toMs } of runs) {
        assert.equal(fromMs, at);
        assert.ok(toMs > fromMs && fromMs % widthMs === 0 && toMs % widthMs === 0);
        assert.ok(
          bucketWidths.some((width) => width.widthMs === widthMs && width.keptMs >= now - Math.max(since, oldest)),
        );
        at = toMs;
      }
      assert.equal(at, untilMs);
    }),
  );
});
