/**
 * A hash of 32 bits under a secret seed, taken word by word (four characters of a text) from the right, so that one walk over a
 * name gives the hash of each of its suffixes. The seed keeps outsiders from choosing names that collide. INVARIANT: a hash only
 * finds the candidates; every text and every block is compared in full, because colliding names cost hours, not years.
 */
export interface HashSeed {
  readonly start: number;
  readonly first: number;
  readonly second: number;
  readonly finish: number;
}

/** Makes the seed from the four seed words of the header. */
export function hashSeed(words: readonly [number, number, number, number]): HashSeed {
  return { start: words[0] | 0, first: (words[1] & ~7) | 5, second: (words[2] & ~7) | 5, finish: words[3] | 1 };
}

/**
 * Takes in one word. Two secret multipliers: after one of them a difference in the uppermost character of a word hangs on five
 * secret bits only, and names could be made that collide under one seed in a few hundred. The second meets that difference when
 * the shift has brought it down.
 */
export function hashStep(seed: HashSeed, state: number, word: number): number {
  const mixed = Math.imul(state ^ word, seed.first);
  return Math.imul(mixed ^ (mixed >>> 15), seed.second);
}

/** Ends a hash with the owner that the key belongs to; signed, so that it stays a small integer on its way. */
export function hashEnd(seed: HashSeed, state: number, ownerKey: number): number {
  let mixed = Math.imul(state ^ Math.imul(ownerKey + 1, 0x9e3779b1), seed.finish);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Ends the hash of a text that several owners share; what an owner adds comes with {@link hashFor}. Signed. */
export function hashTextEnd(seed: HashSeed, state: number): number {
  let mixed = Math.imul(state, seed.finish);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/** The hash of a key from that of its text and the salt of its owner; signed. */
export function hashFor(textHash: number, salt: number): number {
  return Math.imul(textHash ^ salt, 0xc2b2ae35);
}

/** The hash of an address block for an owner; unsigned. Unused words are zero. */
export function hashBlock(seed: HashSeed, block: number, words: ArrayLike<number>, ownerKey: number): number {
  let state = hashStep(seed, seed.start, block);
  for (let i = 0; i < 4; i++) state = hashStep(seed, state, words[i] ?? 0);
  return hashEnd(seed, state, ownerKey) >>> 0;
}

/** The hash of a (service, group) pair; unsigned. */
export function hashPair(seed: HashSeed, first: number, second: number): number {
  return hashEnd(seed, hashStep(seed, seed.start, first), second) >>> 0;
}
