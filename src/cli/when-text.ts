/** An instant for people, relative and absolute (UTC): `in 2 h (2026-11-28 21:00)`, `3 d ago (…)`, `-` for none. */
export function whenText(instant: string | null, nowMs: number): string {
  if (instant === null) return '-';
  const ms = Date.parse(instant);
  const absolute = new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
  return `${relativeText(ms - nowMs)} (${absolute})`;
}

/** Seconds as policies write durations, in the largest unit that leaves no rest: `8h`, `90m`, `7d`. */
export function durationText(seconds: number): string {
  const [unit, size] = policyUnits.find(([, each]) => seconds >= each && seconds % each === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}

const policyUnits: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
];

// A unit is used from two of it on: `in 90 min` says more than `in 1 h`.
const relativeUnits: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
];

function relativeText(distanceMs: number): string {
  const ms = Math.abs(distanceMs);
  if (ms < 1000) return 'now';
  const [unit, size] = relativeUnits.find(([, each]) => ms >= 2 * each) ?? ['s', 1000];
  const count = `${Math.floor(ms / size)} ${unit}`;
  return distanceMs > 0 ? `in ${count}` : `${count} ago`;
}
