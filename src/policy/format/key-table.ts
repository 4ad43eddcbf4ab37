import { hashFor } from './keyed-hash.ts';
import { slotTextChars, slotWord, slotWords } from './layout.ts';
import { suffixHash, type TextProbe } from './text-probe.ts';

/** Where a table lies in the words of a buffer, and where its longer texts do. */
export interface KeyTablePlace {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  /** First word, and the word behind the last slot. */
  readonly at: number;
  readonly end: number;
  readonly homes: number;
  /** First byte of the `strings` section. */
  readonly textStart: number;
}

// A place to put what was read early: a read whose value goes nowhere would be taken away by the compiler.
const touched = new Uint32Array(1);

/**
 * A table of keys that are texts. Slots lie in the order of their hashes, each at its home or as near behind it as there was room:
 * a look-up goes on from the home until a larger hash, so it reads one or two slots whether the key is there or not. An empty slot
 * has the largest hash and no key. `ownerKey` is owner * 2 + kind; `salt` is what the owner adds to the hash.
 */
export class KeyTable {
  readonly at: number;
  readonly end: number;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #textStart: number;
  readonly #scale: number;

  constructor(place: KeyTablePlace) {
    this.at = place.at;
    this.end = place.end;
    this.#words = place.words;
    this.#bytes = place.bytes;
    this.#textStart = place.textStart;
    // A damaged number must not lead out of the table.
    this.#scale = homeScale(Math.min(place.homes, (place.end - place.at) / slotWords));
  }

  /**
   * Reads the slot where the look-up of the last `labels` labels of a text will begin. Memory is what a decision waits for: places
   * that are known early are asked for together, and their waits pass side by side.
   */
  touch(probe: TextProbe, labels: number, salt: number): void {
    const hash = hashFor(suffixHash(probe, labels), salt);
    touched[0] = this.#words[this.at + homeOf(hash, this.#scale) * slotWords] as number;
  }

  /** The place of the slot under (owner, kind, the last `labels` labels of the text), or -1. */
  find(probe: TextProbe, labels: number, ownerKey: number, salt: number): number {
    if (!probe.isAscii) return -1;
    const words = this.#words;
    const hash = hashFor(suffixHash(probe, labels), salt);
    const key = keyOf(ownerKey, probe.lengths[labels - 1] as number);
    // Bounded by the table, so that a damaged one ends too.
    for (let at = this.at + homeOf(hash, this.#scale) * slotWords; at < this.end; at += slotWords) {
      const here = words[at + slotWord.hash] as number;
      if (here < hash >>> 0) continue;
      if (here > hash >>> 0 || words[at + slotWord.key] === 0) return -1;
      if (((words[at + slotWord.key] as number) | 0) === key && this.#holdsText(at, probe, labels)) return at;
    }
    return -1;
  }

  #holdsText(at: number, probe: TextProbe, labels: number): boolean {
    const length = probe.lengths[labels - 1] as number;
    if (length > slotTextChars) return this.#holdsLongText(at, probe, length);
    const words = this.#words;
    const whole = length >>> 2;
    for (let i = 0; i < whole; i++) {
      if (((words[at + slotWord.text + i] as number) | 0) !== probe.words[i]) return false;
    }
    return (length & 3) === 0 || ((words[at + slotWord.text + whole] as number) | 0) === probe.rests[labels - 1];
  }

  #holdsLongText(at: number, probe: TextProbe, length: number): boolean {
    const bytes = this.#bytes;
    const place = this.#textStart + (this.#words[at + slotWord.text] as number);
    const stored =
      (bytes[place] as number) | ((bytes[place + 1] as number) << 8) | ((bytes[place + 2] as number) << 16);
    if (stored !== length) return false;
    const { text } = probe;
    const before = text.length - length;
    for (let i = 0; i < length; i++) if (bytes[place + 3 + i] !== text.charCodeAt(before + i)) return false;
    return true;
  }
}

/** The factor from a hash (unsigned) to its home. */
export function homeScale(homes: number): number {
  return homes / 2 ** 32;
}

/** The home of a hash, as a number of a slot. Rises with the hash taken as unsigned. */
export function homeOf(hash: number, scale: number): number {
  return ((hash >>> 0) * scale) | 0;
}

/** The word that a slot has besides the hash: owner and kind, and the length of the text as far as it fits; signed. */
export function keyOf(ownerKey: number, length: number): number {
  return (ownerKey << 8) | Math.min(length, 255);
}
