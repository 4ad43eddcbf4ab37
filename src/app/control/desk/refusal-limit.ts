/** Keeps somebody with a token from filling the log of acts by being refused all day. */
export interface RefusalLimit {
  /** Whether one more refusal of a person is noted. */
  mayNote(person: string, nowMs: number): boolean;
}

// A person who tries is told every time; the log needs to show that they tried, not each of a thousand times.
const mostPerMinute = 20;
const windowMs = 60_000;

/** Makes a limit; it holds one number for each person. */
export function createRefusalLimit(): RefusalLimit {
  const windows = new Map<string, { readonly sinceMs: number; count: number }>();
  return {
    mayNote: (person, nowMs) => {
      const known = windows.get(person);
      const isOver = known === undefined || nowMs >= known.sinceMs + windowMs || nowMs < known.sinceMs;
      const window = isOver ? { sinceMs: nowMs, count: 0 } : known;
      window.count += 1;
      windows.set(person, window);
      return window.count <= mostPerMinute;
    },
  };
}
