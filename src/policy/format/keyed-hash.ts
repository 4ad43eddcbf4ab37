/**
 * A hash of 32 bits under a secret seed, taken character by character from the right, so that one walk over a name gives the
 * hash of each of its suffixes. The seed keeps outsiders from choosing names that collide. INVARIANT: a hash only finds the
 * candidates; every text and every block is compared in full, because colliding names cost hours, not years.
 */
export interface HashSeed {
  readonly start: number;
  readonly multiplier: number;
  readonly finish: number;
}

/** Makes the seed from the four seed words of the header. */
export function hashSeed(words: readonly [number, number, number, number]): HashSeed {
  return { start: words[0] | 0, multiplier: (words[1] & ~7) | 5, finish: (words[2] ^ words[3]) | 1 };
}

/**
 * Takes in one character (or word). The shift makes it more than a polynomial in the multiplier: of those there are so few that
 * names could be made which collide under every seed, and one service's policy would slow the look-ups of all.
 */
export function hashStep(state: number, character: number, multiplier: number): number {
  const mixed = Math.imul(state ^ character, multiplier);
  return mixed ^ (mixed >>> 15);
}

/** Ends a hash with the owner that the key belongs to; unsigned. */
export function hashEnd(state: number, ownerKey: number, finish: number): number {
  let mixed = Math.imul(state ^ Math.imul(ownerKey + 1, 0x9e3779b1), finish);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The hash of a whole text for an owner. */
export function hashText(seed: HashSeed, text: string, ownerKey: number): number {
  let state = seed.start;
  for (let i = text.length - 1; i >= 0; i--) state = hashStep(state, text.charCodeAt(i), seed.multiplier);
  return hashEnd(state, ownerKey, seed.finish);
}

/** The hash of an address block for an owner. Unused words are zero. */
export function hashBlock(seed: HashSeed, block: number, words: ArrayLike<number>, ownerKey: number): number {
  let state = hashStep(seed.start, block, seed.multiplier);
  for (let i = 0; i < 4; i++) state = hashStep(state, words[i] ?? 0, seed.multiplier);
  return hashEnd(state, ownerKey, seed.finish);
}

/** The hash of a (service, group) pair. */
export function hashPair(seed: HashSeed, first: number, second: number): number {
  return hashEnd(hashStep(seed.start, first, seed.multiplier), second, seed.finish);
}
