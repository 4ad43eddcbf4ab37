/** Rows of sums under keys of whole numbers, in typed arrays: tens of millions of records fold without an object each. */
export class RowTable {
  readonly keyWords: number;
  readonly valueWords: number;
  /** The key to look up next; `find` reads it. */
  readonly key: Int32Array;
  keys: Int32Array;
  values: Float64Array;
  #count = 0;
  /** Hash and row in turns; a row of -1 is an empty slot. */
  #slots: Int32Array;
  readonly #seed: number;

  /** `seed`: any number that outsiders do not know, so that nobody can write records whose keys collide. */
  constructor(keyWords: number, valueWords: number, seed: number) {
    this.#seed = (seed ^ 0x9e3779b9) | 0;
    this.keyWords = keyWords;
    this.valueWords = valueWords;
    this.key = new Int32Array(keyWords);
    this.keys = new Int32Array(keyWords * firstRows);
    this.values = new Float64Array(valueWords * firstRows);
    this.#slots = emptySlots(firstRows * 2);
  }

  /** How many rows there are. */
  get count(): number {
    return this.#count;
  }

  /** The place in `values` of the row under `key`; -1 - place where the row is new and its values are all zero. */
  find(): number {
    const hash = this.#hash();
    const slots = this.#slots;
    const last = slots.length - 2;
    let slot = (hash << 1) & last;
    for (let row = slots[slot + 1] as number; row >= 0; row = slots[slot + 1] as number) {
      if (slots[slot] === hash && this.#isAt(row)) return row * this.valueWords;
      slot = (slot + 2) & last;
    }
    return -1 - this.#add(slot, hash) * this.valueWords;
  }

  /** Forgets every row and gives large tables back. */
  clear(): void {
    this.#count = 0;
    this.keys = new Int32Array(this.keyWords * firstRows);
    this.values = new Float64Array(this.valueWords * firstRows);
    this.#slots = emptySlots(firstRows * 2);
  }

  // Every word passes the seed and a full multiplication, so that no two keys collide under most seeds.
  #hash(): number {
    const { key } = this;
    let hash = this.#seed;
    for (let i = 0; i < key.length; i++) {
      hash = Math.imul(hash ^ (key[i] as number), 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    hash = Math.imul(hash, 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }

  #isAt(row: number): boolean {
    const { key, keys, keyWords } = this;
    for (let i = 0, at = row * keyWords; i < keyWords; i++, at++) if (keys[at] !== key[i]) return false;
    return true;
  }

  #add(slot: number, hash: number): number {
    const row = this.#count;
    if ((row + 1) * this.keyWords > this.keys.length) this.#grow();
    this.keys.set(this.key, row * this.keyWords);
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = row;
    this.#count += 1;
    // Half of the slots stay empty; each is two words.
    if (this.#count * 4 > this.#slots.length) this.#rehash();
    return row;
  }

  #grow(): void {
    const keys = new Int32Array(this.keys.length * 2);
    keys.set(this.keys);
    this.keys = keys;
    const values = new Float64Array(this.values.length * 2);
    values.set(this.values);
    this.values = values;
  }

  #rehash(): void {
    const old = this.#slots;
    const slots = emptySlots(old.length);
    const last = slots.length - 2;
    for (let from = 0; from < old.length; from += 2) {
      if ((old[from + 1] as number) < 0) continue;
      let slot = ((old[from] as number) << 1) & last;
      while ((slots[slot + 1] as number) >= 0) slot = (slot + 2) & last;
      slots[slot] = old[from] as number;
      slots[slot + 1] = old[from + 1] as number;
    }
    this.#slots = slots;
  }
}

const firstRows = 1024;

function emptySlots(count: number): Int32Array<ArrayBuffer> {
  return new Int32Array(count * 2).fill(-1);
}
