import { none } from './layout.ts';

/** Words that grow at the end. */
export class WordList {
  words: Uint32Array = new Uint32Array(1024);
  length = 0;

  push(word: number): void {
    if (this.length === this.words.length) this.#grow();
    this.words[this.length] = word;
    this.length += 1;
  }

  pushAll(words: readonly number[]): void {
    for (const word of words) this.push(word);
  }

  /** Adds so many zeros and gives the place of the first. */
  extend(count: number): number {
    const at = this.length;
    while (at + count > this.words.length) this.#grow();
    this.length += count;
    return at;
  }

  #grow(): void {
    const grown = new Uint32Array(this.words.length * 2);
    grown.set(this.words);
    this.words = grown;
  }
}

/**
 * Texts as three bytes of length and UTF-8. `place` stores each distinct one once, so that equal places are equal texts; `append`
 * does not look (names and targets seldom repeat, and a map of millions of them costs more than it saves).
 */
export class TextPool {
  bytes: Uint8Array = new Uint8Array(65536);
  length = 0;
  readonly #places = new Map<string, number>();
  readonly #encoder = new TextEncoder();

  /** Stores a text and gives its place; {@link none} for null. */
  place(text: string | null): number {
    if (text === null) return none;
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const at = this.append(text);
    this.#places.set(text, at);
    return at;
  }

  /** Stores a text and gives its place, without looking for an equal one. */
  append(text: string): number {
    const at = this.length;
    this.#write(text);
    return at;
  }

  #write(text: string): void {
    this.#reserve(text.length * 3 + 3);
    const start = this.length + 3;
    const end = writeAscii(this.bytes, start, text) ?? this.#writeUtf8(start, text);
    const length = end - start;
    this.bytes[start - 3] = length & 255;
    this.bytes[start - 2] = (length >>> 8) & 255;
    this.bytes[start - 1] = (length >>> 16) & 255;
    this.length = end;
  }

  #writeUtf8(start: number, text: string): number {
    const encoded = this.#encoder.encode(text);
    this.bytes.set(encoded, start);
    return start + encoded.length;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

function writeAscii(bytes: Uint8Array, start: number, text: string): number | null {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return null;
    bytes[start + i] = code;
  }
  return start + text.length;
}
