import type { TextId } from './observation.ts';

/** Keeps each text once, under a small number. Bytes are compared as they are, so millions of lines make no strings. */
export class TextTable {
  #bytes = new Uint8Array(1 << 16);
  /** Start of each text in `#bytes`; the next one's start is its end. */
  #starts = new Uint32Array(1 << 10);
  #slots = new Uint32Array(1 << 11);
  #hashes = new Uint32Array(1 << 10);
  #count = 1;
  #used = 0;
  readonly #seed: number;

  /** `seed`: any number that outsiders do not know, so that nobody can write log lines whose texts collide. */
  constructor(seed: number) {
    this.#seed = seed | 1;
  }

  /** How many texts are kept, the empty one of id 0 included. */
  get size(): number {
    return this.#count;
  }

  /** Bytes of all texts together. */
  get byteLength(): number {
    return this.#used;
  }

  /** The id of a text; 0 for the empty one. */
  text(text: string): TextId {
    if (text.length === 0) return 0;
    const needed = text.length * 3;
    if (scratch.length < needed) scratch = new Uint8Array(needed * 2);
    return this.span(scratch, 0, writeUtf8(text, scratch));
  }

  /** The id of a span of bytes; 0 for an empty one. */
  span(bytes: Uint8Array, start: number, end: number): TextId {
    if (end <= start) return 0;
    let hash = this.#seed;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash = (hash ^ (hash >>> 13)) >>> 0;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let id = this.#slots[slot] as number; id !== 0; id = this.#slots[slot] as number) {
      if (this.#hashes[id] === hash && this.#equals(id, bytes, start, end)) return id;
      slot = (slot + 1) & mask;
    }
    return this.#add(slot, hash, bytes.subarray(start, end));
  }

  /** The text of an id. */
  get(id: TextId): string {
    return decoder.decode(this.#bytes.subarray(this.#starts[id] as number, this.#starts[id + 1] as number));
  }

  /** Forgets everything; ids that were given mean nothing any more. */
  clear(): void {
    this.#slots.fill(0);
    this.#count = 1;
    this.#used = 0;
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[id] as number;
    if ((this.#starts[id + 1] as number) - from !== end - start) return false;
    for (let i = start, at = from; i < end; i++, at++) if (this.#bytes[at] !== bytes[i]) return false;
    return true;
  }

  #add(slot: number, hash: number, text: Uint8Array): TextId {
    const id = this.#count;
    if (this.#used + text.length > this.#bytes.length) this.#bytes = grown(this.#bytes, this.#used + text.length);
    if (id + 2 > this.#starts.length) {
      this.#starts = grownWords(this.#starts);
      this.#hashes = grownWords(this.#hashes);
    }
    this.#bytes.set(text, this.#used);
    this.#starts[id] = this.#used;
    this.#used += text.length;
    this.#starts[id + 1] = this.#used;
    this.#hashes[id] = hash;
    this.#slots[slot] = id;
    this.#count += 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let id = 1; id < this.#count; id++) {
      let slot = (this.#hashes[id] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
  }
}

let scratch = new Uint8Array(1024);
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Nearly all texts of logs are ASCII; the rest takes the platform's encoder. Gives the number of bytes. */
function writeUtf8(text: string, into: Uint8Array): number {
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character > 127) {
      const bytes = encoder.encode(text);
      into.set(bytes);
      return bytes.length;
    }
    into[i] = character;
  }
  return text.length;
}

function grown(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(bytes.length * 2, needed));
  larger.set(bytes);
  return larger;
}

function grownWords(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}
