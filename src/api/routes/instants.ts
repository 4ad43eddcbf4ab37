/** An instant as RFC 3339, UTC. `ms` is epoch milliseconds; what lies past the calendar is its end. */
export function instant(ms: number): string {
  return new Date(Math.min(ms, lastInstantMs)).toISOString();
}

// The last instant that a date can hold (ECMA-262 section 21.4.1.1).
const lastInstantMs = 8.64e15;

/** The same, null for none. */
export function instantOrNull(ms: number | null): string | null {
  return ms === null ? null : instant(ms);
}
