// An idle connection has two empty queues: they hold nothing of their own.
const none: Uint8Array[] = [];

/** What came from one side and was not read yet: bytes in order, then perhaps the end. */
export class SideQueue {
  #chunks: Uint8Array[] = none;
  /** Bytes in the queue. */
  byteLength = 0;
  /** Whether the side has said that it sends no more. */
  isEnded = false;

  /** Adds bytes that came. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#chunks === none) this.#chunks = [bytes];
    else this.#chunks.push(bytes);
    this.byteLength += bytes.length;
  }

  /** Puts bytes back that were taken. */
  unshift(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#chunks === none) this.#chunks = [bytes];
    else this.#chunks.unshift(bytes);
    this.byteLength += bytes.length;
  }

  /** Takes the next bytes, or null. */
  shift(): Uint8Array | null {
    const bytes = this.#chunks[0] ?? null;
    if (bytes === null) return null;
    if (this.#chunks.length === 1) this.#chunks = none;
    else this.#chunks.shift();
    this.byteLength -= bytes.length;
    return bytes;
  }

  /** Forgets everything, the end too. */
  reset(): void {
    this.#chunks = none;
    this.byteLength = 0;
    this.isEnded = false;
  }
}
