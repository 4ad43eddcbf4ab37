import { setImmediate as nextTurn } from 'node:timers/promises';

/** Does long work in slices: between two of them whatever waits for the loop has its turn. */
export interface Turns {
  /** Does this for each, one after the other. A piece is done as a whole, so pieces have to be small. */
  each<T>(items: Iterable<T>, work: (item: T) => void): Promise<void>;
}

// A question of DNS waits no longer than for this.
const defaultSliceMs = 1;

/** Begins the first slice. `sliceMs`: how long one may take, in milliseconds. */
export function createTurns(sliceMs: number = defaultSliceMs): Turns {
  let endsAt = performance.now() + sliceMs;
  return {
    each: async (items, work) => {
      for (const item of items) {
        work(item);
        if (performance.now() < endsAt) continue;
        await nextTurn();
        endsAt = performance.now() + sliceMs;
      }
    },
  };
}
