/** Numbers that look random and are the same on every run. */
export interface Random {
  /** From 0 inclusive to 1 exclusive. */
  next(): number;
  between(low: number, high: number): number;
  /** A whole number, both ends included. */
  whole(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  /** How many events there are where `mean` are expected. */
  count(mean: number): number;
}

/** Makes a generator (mulberry32) of a seed and a word, so that what one word yields does not depend on any other. */
export function createRandom(seed: number, word: string): Random {
  let state = hashWord(seed, word);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (items) => items[Math.floor(next() * items.length)] ?? pickOfNothing(),
    count: (mean) => countEvents(mean, next),
  };
}

// FNV-1a.
function hashWord(seed: number, word: string): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash;
}

function pickOfNothing(): never {
  throw new TypeError('there is nothing to pick from');
}

// Knuth's way to a Poisson number, in parts small enough for `exp`.
function countEvents(mean: number, next: () => number): number {
  let [count, left] = [0, mean];
  while (left > 0) {
    const limit = Math.exp(-Math.min(left, 16));
    for (let product = next(); product > limit; product *= next()) count += 1;
    left -= 16;
  }
  return count;
}
