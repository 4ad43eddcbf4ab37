import { type HashSeed, hashStep, hashTextEnd } from './keyed-hash.ts';
import { slotTextChars } from './layout.ts';

/** Labels that a name can have: 253 characters hold 127. */
const mostLabels = 128;
/** Words of every name; the longer texts of identities get room when they come. */
const firstWords = 64;

/**
 * A text prepared for look-ups: its characters four to a word from the right, and for every suffix at a label, from the last
 * label to the whole text, its hash. One walk over a name serves every owner, and no look-up reads the string again. Reused:
 * look-ups are synchronous and never nest.
 */
export interface TextProbe {
  /** The text where it is too long to stand in a slot, else empty. */
  text: string;
  labels: number;
  /** Keys are ASCII: a text that is not equals none of them. */
  isAscii: boolean;
  words: Int32Array;
  /** Of each suffix: the hash, the word that is left behind its whole words, and the length. */
  readonly hashes: Int32Array;
  readonly rests: Int32Array;
  readonly lengths: Int32Array;
}

/** Makes a probe to be reused for text after text. */
export function createTextProbe(): TextProbe {
  return {
    text: '',
    labels: 0,
    isAscii: true,
    words: new Int32Array(firstWords),
    hashes: new Int32Array(mostLabels),
    rests: new Int32Array(mostLabels),
    lengths: new Int32Array(mostLabels),
  };
}

/** Prepares a probe for a text. */
export function prepareText(probe: TextProbe, text: string, seed: HashSeed): void {
  if (text.length >>> 2 >= probe.words.length) probe.words = new Int32Array((text.length >>> 2) * 2);
  // A string that was made just now, kept in an object that is old: the collector makes a note of each, so only where it is read.
  probe.text = text.length > slotTextChars ? text : '';
  probe.isAscii = packText(probe.words, text);
  hashLabels(probe, text.length, seed);
}

/** Packs a text into words from the right, the last character lowest. Gives whether all characters are ASCII. */
function packText(words: Int32Array, text: string): boolean {
  let seen = 0;
  let at = 0;
  let left = text.length;
  for (; left >= 4; left -= 4) {
    const a = text.charCodeAt(left - 1);
    const b = text.charCodeAt(left - 2);
    const c = text.charCodeAt(left - 3);
    const d = text.charCodeAt(left - 4);
    seen |= a | b | c | d;
    words[at] = a | (b << 8) | (c << 16) | (d << 24);
    at += 1;
  }
  let rest = 0;
  for (let i = 0; i < left; i++) {
    const character = text.charCodeAt(left - 1 - i);
    seen |= character;
    rest |= character << (i * 8);
  }
  words[at] = rest;
  return seen < 128;
}

function hashLabels(probe: TextProbe, length: number, seed: HashSeed): void {
  const { words, hashes, rests, lengths } = probe;
  const whole = length >>> 2;
  let state = seed.start;
  let labels = 0;
  for (let at = 0; at <= whole; at++) {
    const word = words[at] as number;
    for (let dots = dotsOf(word); dots !== 0 && labels < mostLabels - 1; dots &= dots - 1) {
      const bits = (31 - Math.clz32(dots & -dots)) & 24;
      const rest = word & ((1 << bits) - 1);
      hashes[labels] = hashTextEnd(seed, hashStep(seed, state, rest));
      rests[labels] = rest;
      lengths[labels] = at * 4 + (bits >>> 3);
      labels += 1;
    }
    // What is left behind the whole words is taken in by the end alone.
    state = at < whole ? hashStep(seed, state, word) : hashTextEnd(seed, hashStep(seed, state, word));
  }
  hashes[labels] = state;
  rests[labels] = words[whole] as number;
  lengths[labels] = length;
  probe.labels = labels + 1;
}

/** The upper bit of every byte that is a dot. Exact for ASCII, and what is not is found by no key. */
function dotsOf(word: number): number {
  const other = word ^ 0x2e2e2e2e;
  return ~(((other & 0x7f7f7f7f) + 0x7f7f7f7f) | other) & 0x80808080;
}

/** The hash of the last `labels` labels of a prepared text. */
export function suffixHash(probe: TextProbe, labels: number): number {
  return probe.hashes[labels - 1] as number;
}
