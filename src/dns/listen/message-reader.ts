const lengthBytes = 2;
const leastHeldBytes = 512;
const empty = new Uint8Array(0);

/**
 * Cuts a stream into messages, each behind its length in two bytes (RFC 1035 section 4.2.2), however the stream was split. Whole
 * messages are not copied. Holds at most one message and one chunk, as long as nothing is pushed while messages are there to take.
 */
export class MessageReader {
  #bytes: Uint8Array = empty;
  #start = 0;
  #end = 0;
  /** Whether `#bytes` is memory of our own, with room behind `#end`. */
  #isOwn = false;

  /** Adds what came next. */
  push(chunk: Uint8Array): void {
    const unread = this.#end - this.#start;
    if (unread === 0) {
      this.#bytes = chunk;
      this.#isOwn = false;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    if (!this.#isOwn || this.#end + chunk.length > this.#bytes.length) this.#moveToOwn(unread + chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next whole message, or null until more was pushed. It holds until the next push. */
  next(): Uint8Array | null {
    const unread = this.#end - this.#start;
    if (unread < lengthBytes) return null;
    const length = ((this.#bytes[this.#start] ?? 0) << 8) | (this.#bytes[this.#start + 1] ?? 0);
    if (unread < lengthBytes + length) return null;
    const from = this.#start + lengthBytes;
    this.#start = from + length;
    return this.#bytes.subarray(from, this.#start);
  }

  // Twice what is needed: a peer that sends byte by byte must not make us copy everything each time.
  #moveToOwn(neededBytes: number): void {
    const own = new Uint8Array(Math.max(leastHeldBytes, 2 * neededBytes));
    own.set(this.#bytes.subarray(this.#start, this.#end));
    this.#end -= this.#start;
    this.#start = 0;
    this.#bytes = own;
    this.#isOwn = true;
  }
}

/** A reply behind its length, in memory of its own. */
export function frameMessage(reply: Uint8Array): Uint8Array {
  const framed = new Uint8Array(lengthBytes + reply.length);
  framed[0] = reply.length >>> 8;
  framed[1] = reply.length & 255;
  framed.set(reply, lengthBytes);
  return framed;
}
