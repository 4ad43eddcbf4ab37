/** Seconds of each unit that zone files write (as BIND reads them). */
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** RFC 2181 section 8. */
const maxSeconds = 2 ** 31 - 1;

/** Reads a time of a zone file in seconds: `3600`, `1h30m`, `2W`. Null for anything else, and past 2^31 - 1. */
export function readSeconds(text: string): number | null {
  if (/^[0-9]{1,10}$/.test(text)) return bounded(Number(text));
  if (text.length > 40 || !/^(?:[0-9]{1,10}[smhdw])+$/i.test(text)) return null;
  let seconds = 0;
  for (const [, count, unit = ''] of text.matchAll(/([0-9]+)([a-z])/gi)) {
    seconds += Number(count) * (unitSeconds[unit.toLowerCase()] ?? 0);
  }
  return bounded(seconds);
}

function bounded(seconds: number): number | null {
  return seconds > maxSeconds ? null : seconds;
}
