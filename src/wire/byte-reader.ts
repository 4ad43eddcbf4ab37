/**
 * Reads numbers and vectors of TLS (RFC 8446 section 3) out of bytes. Past the end it gives zeros and `isBroken` stays true:
 * asked once after a structure was read, it spares a check at every step.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  isBroken = false;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Whether everything was read. */
  get isDone(): boolean {
    return this.#at >= this.#end;
  }

  /** An unsigned number of 1, 2 or 3 bytes. */
  number(size: 1 | 2 | 3): number {
    const start = this.#take(size);
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (start < 0 ? 0 : (this.bytes[start + i] ?? 0));
    return value;
  }

  /** A reader over a vector whose length stands before it in `size` bytes; a vector past the end is empty and broken. */
  vector(size: 1 | 2 | 3): ByteReader {
    const length = this.number(size);
    const start = this.#take(length);
    if (start >= 0) return new ByteReader(this.bytes, start, start + length);
    const broken = new ByteReader(this.bytes, 0, 0);
    broken.isBroken = true;
    return broken;
  }

  /** Passes over bytes. */
  skip(length: number): void {
    this.#take(length);
  }

  /** What is left, without copying. */
  rest(): Uint8Array {
    const rest = this.bytes.subarray(this.#at, this.#end);
    this.#at = this.#end;
    return rest;
  }

  #take(length: number): number {
    if (this.#at + length > this.#end) {
      this.isBroken = true;
      this.#at = this.#end;
      return -1;
    }
    const start = this.#at;
    this.#at += length;
    return start;
  }
}
