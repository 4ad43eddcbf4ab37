/** When to dial a server again that could not be reached. */
export interface Backoff {
  /** Why the server is left alone just now, or null when it may be dialled. */
  reason(): string | null;
  noteFailure(why: string): void;
  noteSuccess(): void;
}

/** The first wait. Long enough that a server that refuses is not hammered, short enough that its restart is hardly felt. */
const firstWaitMs = 100;
/** The longest wait, as long as a server that failed goes last. */
const longestWaitMs = 10_000;

/** Makes a backoff that doubles with each failure in a row. The instants are of `performance.now()`, which nobody sets back. */
export function createBackoff(): Backoff {
  let waitMs = 0;
  let untilMs = 0;
  let last = '';
  return {
    reason: () => (performance.now() < untilMs ? last : null),
    noteFailure: (why) => {
      waitMs = waitMs === 0 ? firstWaitMs : Math.min(longestWaitMs, waitMs * 2);
      untilMs = performance.now() + waitMs;
      last = why;
    },
    noteSuccess: () => {
      waitMs = 0;
      untilMs = 0;
    },
  };
}
