import { type TextPool, WordList } from '../format/flat-writer.ts';
import { homeOf, homeScale, keyOf } from '../format/key-table.ts';
import { type HashSeed, hashFor } from '../format/keyed-hash.ts';
import { filterBitsPerKey, slotTextChars, slotWord, slotWords } from '../format/layout.ts';
import { createTextProbe, prepareText, suffixHash } from '../format/text-probe.ts';

/** Homes for each key: with fewer, more look-ups go on to a second slot; each tenth more costs six bytes a rule. */
const homesPerKey = 1.75;

/** A key that is found by text. `salt` is what its owner adds to the hash: `ownerKey` again, or the hash of a service's name. */
export interface WrittenKey {
  readonly ownerKey: number;
  readonly salt: number;
  readonly text: string;
}

/** The four words of the value of a key. */
export type KeyValue = readonly [number, number, number, number];

/** Gathers the keys of one table (see `slotWord`). */
export class KeyWriter {
  /** The slots in the order of coming. */
  readonly #slots = new WordList();
  /** The hashes in them again, close together for sorting; and those of the texts alone. */
  readonly #hashes = new WordList();
  readonly #textHashes = new WordList();
  readonly #probe = createTextProbe();
  readonly #seed: HashSeed;
  readonly #texts: TextPool;

  constructor(seed: HashSeed, texts: TextPool) {
    this.#seed = seed;
    this.#texts = texts;
  }

  /** Adds a key. Gives false for one that is not ASCII, which no look-up would find. */
  add({ ownerKey, salt, text }: WrittenKey, value: KeyValue): boolean {
    const probe = this.#probe;
    prepareText(probe, text, this.#seed);
    const textHash = suffixHash(probe, probe.labels);
    this.#textHashes.push(textHash);
    this.#hashes.push(hashFor(textHash, salt));
    const at = this.#slots.extend(slotWords);
    const { words } = this.#slots;
    words[at + slotWord.hash] = hashFor(textHash, salt);
    words[at + slotWord.key] = keyOf(ownerKey, text.length);
    for (let i = 0; i < value.length; i++) words[at + slotWord.value + i] = value[i] as number;
    if (text.length > slotTextChars) words[at + slotWord.text] = this.#texts.append(text);
    else for (let i = 0; i * 4 < text.length; i++) words[at + slotWord.text + i] = probe.words[i] as number;
    return probe.isAscii;
  }

  /** The bits of the hashes of all texts (see `filterBitsPerKey`). */
  filter(): Uint32Array {
    let words = 1;
    while (words * 32 < (this.#slots.length / slotWords) * filterBitsPerKey) words *= 2;
    const bits = new Uint32Array(words);
    for (let i = 0; i < this.#textHashes.length; i++) setBit(bits, this.#textHashes.words[i] as number);
    return bits;
  }

  /** How many homes the table has. */
  get homes(): number {
    return Math.ceil((this.#slots.length / slotWords) * homesPerKey);
  }

  /** The table: every key at its home or the next free slot behind it, in the order of hashes. */
  table(): Uint32Array {
    const order = this.#inOrder();
    const places = this.#placesOf(order);
    const slots = Math.max(this.homes, (places.at(-1) ?? -1) + 1);
    const table = new Uint32Array(slots * slotWords);
    for (let slot = 0; slot < slots; slot++) table[slot * slotWords + slotWord.hash] = 0xffffffff;
    const { words } = this.#slots;
    for (let i = 0; i < order.length; i++) {
      const from = (order[i] as number) * slotWords;
      const to = (places[i] as number) * slotWords;
      for (let word = 0; word < slotWords; word++) table[to + word] = words[from + word] as number;
    }
    return table;
  }

  #placesOf(order: Uint32Array): Uint32Array {
    const scale = homeScale(this.homes);
    const places = new Uint32Array(order.length);
    let next = 0;
    for (let i = 0; i < order.length; i++) {
      next = Math.max(next, homeOf(this.#hashOf(order[i] as number), scale));
      places[i] = next;
      next += 1;
    }
    return places;
  }

  /** The numbers of the keys in the order of hashes: counted into their homes, where there are one or two, then put right. */
  #inOrder(): Uint32Array {
    const count = this.#slots.length / slotWords;
    const scale = homeScale(this.homes);
    const behind = new Uint32Array(this.homes + 2);
    const countOf = (record: number): number => homeOf(this.#hashOf(record), scale) + 1;
    for (let record = 0; record < count; record++) behind[countOf(record)] = (behind[countOf(record)] ?? 0) + 1;
    for (let home = 1; home < behind.length; home++) behind[home] = (behind[home] ?? 0) + (behind[home - 1] ?? 0);
    const order = new Uint32Array(count);
    for (let record = 0; record < count; record++) {
      const home = countOf(record) - 1;
      order[behind[home] ?? 0] = record;
      behind[home] = (behind[home] ?? 0) + 1;
    }
    for (let i = 1; i < count; i++) this.#sinkInto(order, i);
    return order;
  }

  #sinkInto(order: Uint32Array, from: number): void {
    const record = order[from] as number;
    const hash = this.#hashOf(record);
    let at = from;
    for (; at > 0 && this.#hashOf(order[at - 1] as number) > hash; at--) order[at] = order[at - 1] as number;
    order[at] = record;
  }

  #hashOf(record: number): number {
    return this.#hashes.words[record] as number;
  }
}

function setBit(bits: Uint32Array, hash: number): void {
  const word = (hash >>> 5) & (bits.length - 1);
  bits[word] = (bits[word] ?? 0) | (1 << (hash & 31));
}
