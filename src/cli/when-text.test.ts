import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationText, whenText } from './when-text.ts';

const nowMs = Date.parse('2026-11-28T19:00:00Z');

test('an instant is told relative and absolute, in the unit that says most', () => {
  const rows: readonly (readonly [string | null, string])[] = [
    ['2026-11-28T21:00:00Z', 'in 2 h (2026-11-28 21:00)'],
    ['2026-11-28T20:30:59Z', 'in 90 min (2026-11-28 20:30)'],
    ['2026-11-28T19:01:59Z', 'in 119 s (2026-11-28 19:01)'],
    ['2026-11-28T18:59:59Z', '1 s ago (2026-11-28 18:59)'],
    ['2026-11-25T19:00:00+02:00', '3 d ago (2026-11-25 17:00)'],
    ['2026-11-28T19:00:00.400Z', 'now (2026-11-28 19:00)'],
    [null, '-'],
  ];
  for (const [instant, told] of rows) assert.equal(whenText(instant, nowMs), told);
});

test('a duration is written as policies write it, without a rest', () => {
  const rows: readonly (readonly [number, string])[] = [
    [28_800, '8h'],
    [5_400, '90m'],
    [604_800, '7d'],
    [61, '61s'],
    [86_400, '1d'],
  ];
  for (const [seconds, told] of rows) assert.equal(durationText(seconds), told);
});
