/** Counts refused tokens by source, so that guessing ends. */
export interface Attempts {
  /** Whether this source may try. */
  mayTry(source: string, nowMs: number): boolean;
  /** Notes a refused token. */
  refused(source: string, nowMs: number): void;
}

// A person who mistypes stays far below; a token has 256 bits, so this only keeps the log readable and the machine calm.
const mostPerMinute = 30;
const windowMs = 60_000;
// Sources are addresses of machines that may speak to the console. The oldest goes first.
const mostSources = 10_000;

/** Makes a counter. */
export function createAttempts(): Attempts {
  const windows = new Map<string, { readonly sinceMs: number; count: number }>();
  const current = (source: string, nowMs: number): { readonly sinceMs: number; count: number } | null => {
    const window = windows.get(source);
    if (window === undefined) return null;
    const isOver = nowMs >= window.sinceMs + windowMs || nowMs < window.sinceMs;
    if (isOver) windows.delete(source);
    return isOver ? null : window;
  };
  return {
    mayTry: (source, nowMs) => (current(source, nowMs)?.count ?? 0) < mostPerMinute,
    refused: (source, nowMs) => {
      const window = current(source, nowMs) ?? { sinceMs: nowMs, count: 0 };
      window.count += 1;
      windows.set(source, window);
      const [oldest] = windows.keys();
      if (windows.size > mostSources && oldest !== undefined) windows.delete(oldest);
    },
  };
}
