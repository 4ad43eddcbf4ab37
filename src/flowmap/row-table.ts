/** Rows of sums under keys of whole numbers, in typed arrays: tens of millions of records fold without an object each. */
export class RowTable {
  readonly keyWords: number;
  readonly valueWords: number;
  /** The key to look up next; `find` reads it. */
  readonly key: Int32Array;
  keys: Int32Array;
  values: Float64Array;
  #count = 0;
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
    this.#slots = new Int32Array(firstRows * 2).fill(-1);
  }

  /** How many rows there are. */
  get count(): number {
    return this.#count;
  }

  /** The place in `values` of the row under `key`; -1 - place where the row is new and its values are all zero. */
  find(): number {
    const hash = this.#hash(this.key, 0);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let row = this.#slots[slot] as number; row >= 0; row = this.#slots[slot] as number) {
      if (this.#isAt(row)) return row * this.valueWords;
      slot = (slot + 1) & mask;
    }
    return -1 - this.#add(slot) * this.valueWords;
  }

  /** Forgets every row and gives large tables back. */
  clear(): void {
    this.#count = 0;
    this.keys = new Int32Array(this.keyWords * firstRows);
    this.values = new Float64Array(this.valueWords * firstRows);
    this.#slots = new Int32Array(firstRows * 2).fill(-1);
  }

  // Every word passes the seed and a full multiplication, so that no two keys collide under most seeds.
  #hash(words: Int32Array, from: number): number {
    let hash = this.#seed;
    for (let i = 0, at = from; i < this.keyWords; i++, at++) {
      hash = Math.imul(hash ^ (words[at] as number), 0x85ebca6b);
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

  #add(slot: number): number {
    const row = this.#count;
    if ((row + 1) * this.keyWords > this.keys.length) this.#grow();
    this.keys.set(this.key, row * this.keyWords);
    this.#slots[slot] = row;
    this.#count += 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
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
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let row = 0; row < this.#count; row++) {
      let slot = this.#hash(this.keys, row * this.keyWords) & mask;
      while ((slots[slot] as number) >= 0) slot = (slot + 1) & mask;
      slots[slot] = row;
    }
    this.#slots = slots;
  }
}

const firstRows = 1024;
