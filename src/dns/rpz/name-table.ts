import { isEscaped } from './escaped-dot.ts';

/** A rule of a table that names meet: its key as it was set, and the value. */
export interface NameHit {
  readonly key: string;
  readonly value: number;
}

const firstSlots = 1024;
/** Share of the slots; past it the ways to a free one become long. */
const mostFull = 0.75;
const firstArenaBytes = 16_384;
/** Most labels of a name (RFC 1035 section 2.3.4: 255 bytes, two a label). */
const maxLabels = 128;

const dot = 0x2e;
const star = 0x2a;

/**
 * Names with a number each, and wildcards (`*.x`, below x and not x; `*`, every name). Everything is in typed arrays: the bytes of the
 * names one after another, and about 26 bytes beside them for each, so that a million rules are no million objects. A name is hashed
 * once, from its end, so that the hash of every name above it falls off on the way.
 */
export class NameTable {
  size = 0;
  // Slots hold the number of an entry plus one; 0 is free. Open addressing, at most three quarters full.
  #slots: Uint32Array;
  #hashes: Uint32Array;
  #starts: Uint32Array;
  #values: Uint32Array;
  #arena: Uint8Array = new Uint8Array(firstArenaBytes);
  #used = 0;
  // Of no worth to who would choose names that collide: differs in each process.
  readonly #seed = Math.floor(Math.random() * 2 ** 32);
  readonly #wildHashes: Uint32Array = new Uint32Array(maxLabels + 1);
  readonly #wildStarts: Int32Array = new Int32Array(maxLabels + 1);

  /** `expected` names have room without growing, which takes tens of milliseconds at a million. */
  constructor(expected = 0) {
    let slots = firstSlots;
    while (slots * mostFull < expected) slots *= 2;
    const entries = Math.max(firstSlots, expected) + 1;
    this.#slots = new Uint32Array(slots);
    this.#hashes = new Uint32Array(entries);
    this.#starts = new Uint32Array(entries);
    this.#values = new Uint32Array(entries);
  }

  /** Bytes that the table holds. */
  get bytes(): number {
    return [this.#slots, this.#hashes, this.#starts, this.#values, this.#arena].reduce(
      (sum, array) => sum + array.byteLength,
      0,
    );
  }

  /** The value of exactly this key (a wildcard by its text), or null. */
  get(key: string): number | null {
    const entry = this.#findExact(key, this.#hashOf(key));
    return entry < 0 ? null : (this.#values[entry] ?? null);
  }

  /** Sets the value of a key: lower-case text without a last dot, latin1 only. */
  set(key: string, value: number): void {
    const hash = this.#hashOf(key);
    const known = this.#findExact(key, hash);
    if (known >= 0) {
      this.#values[known] = value;
      return;
    }
    this.#grow(key.length);
    const entry = this.size;
    this.size += 1;
    this.#hashes[entry] = hash;
    this.#values[entry] = value;
    this.#starts[entry] = this.#used;
    for (let at = 0; at < key.length; at += 1) this.#arena[this.#used + at] = key.charCodeAt(at);
    this.#used += key.length;
    this.#starts[entry + 1] = this.#used;
    this.#put(entry);
  }

  /**
   * The rule that a name meets: itself, else the wildcard nearest above it, also where another name stands between the two. RFC 4592 would
   * look no further there, but a list that has `*.bad.example` and `www.bad.example` means `a.www.bad.example` too.
   */
  match(name: string): NameHit | null {
    let hash = this.#seed;
    // Every name but the root stands below the root.
    let wilds = name === '' ? 0 : 1;
    this.#wildHashes[0] = step(hash, star);
    this.#wildStarts[0] = name.length;
    for (let at = name.length - 1; at >= 0; at -= 1) {
      const code = name.charCodeAt(at);
      hash = step(hash, code);
      if (code !== dot || wilds > maxLabels || isEscaped(name, at)) continue;
      this.#wildHashes[wilds] = step(hash, star);
      this.#wildStarts[wilds] = at;
      wilds += 1;
    }
    const exact = this.#findExact(name, finished(hash));
    return exact < 0 ? this.#matchWild(name, wilds) : { key: name, value: this.#values[exact] ?? 0 };
  }

  /** Gives back what growing took too much. Nothing may be set after it. */
  seal(): void {
    this.#hashes = this.#hashes.slice(0, this.size);
    this.#values = this.#values.slice(0, this.size);
    this.#starts = this.#starts.slice(0, this.size + 1);
    this.#arena = this.#arena.slice(0, this.#used);
  }

  #matchWild(name: string, wilds: number): NameHit | null {
    for (let wild = wilds - 1; wild >= 0; wild -= 1) {
      const start = this.#wildStarts[wild] ?? 0;
      const entry = this.#find(finished(this.#wildHashes[wild] ?? 0), (at) => this.#holds(at, name, start, 1));
      if (entry >= 0) return { key: `*${name.slice(start)}`, value: this.#values[entry] ?? 0 };
    }
    return null;
  }

  #findExact(key: string, hash: number): number {
    return this.#find(hash, (entry) => this.#holds(entry, key, 0, 0));
  }

  #find(hash: number, isIt: (entry: number) => boolean): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] === hash && isIt(entry)) return entry;
    }
  }

  // Whether an entry is the text from `from` on, after a star where `stars` is 1.
  #holds(entry: number, text: string, from: number, stars: 0 | 1): boolean {
    const start = this.#starts[entry] ?? 0;
    const length = text.length - from + stars;
    if ((this.#starts[entry + 1] ?? 0) - start !== length) return false;
    if (stars === 1 && this.#arena[start] !== star) return false;
    for (let at = stars; at < length; at += 1) {
      if (this.#arena[start + at] !== text.charCodeAt(from + at - stars)) return false;
    }
    return true;
  }

  #put(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.#hashes[entry] ?? 0) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #grow(keyBytes: number): void {
    this.#arena = grown(this.#arena, this.#used + keyBytes, (length) => new Uint8Array(length));
    const words = (length: number): Uint32Array => new Uint32Array(length);
    this.#hashes = grown(this.#hashes, this.size + 1, words);
    this.#values = grown(this.#values, this.size + 1, words);
    this.#starts = grown(this.#starts, this.size + 2, words);
    if (this.size < this.#slots.length * mostFull) return;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let entry = 0; entry < this.size; entry += 1) this.#put(entry);
  }

  #hashOf(key: string): number {
    let hash = this.#seed;
    for (let at = key.length - 1; at >= 0; at -= 1) hash = step(hash, key.charCodeAt(at));
    return finished(hash);
  }
}

function grown<T extends Uint8Array | Uint32Array>(array: T, length: number, make: (length: number) => T): T {
  if (length <= array.length) return array;
  // By half, not to twice its size: at a million names that is the difference of 20 MB.
  const larger = make(Math.max(length, Math.ceil(array.length * 1.5)));
  larger.set(array);
  return larger;
}

// FNV-1a, whose low bits alone are too poor for a mask: `finished` stirs them.
function step(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193) >>> 0;
}

function finished(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  return mixed >>> 0;
}
