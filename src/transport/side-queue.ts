/** What came from one side and was not read yet: bytes in order, then perhaps the end. */
export class SideQueue {
  #chunks: Uint8Array[] = [];
  /** Bytes in the queue. */
  byteLength = 0;
  /** Whether the side has said that it sends no more. */
  isEnded = false;

  /** Adds bytes that came. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.byteLength += bytes.length;
  }

  /** Puts bytes back that were taken. */
  unshift(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.byteLength += bytes.length;
  }

  /** Takes the next bytes, or null. */
  shift(): Uint8Array | null {
    const bytes = this.#chunks.shift() ?? null;
    if (bytes !== null) this.byteLength -= bytes.length;
    return bytes;
  }

  /** Forgets everything, the end too. */
  reset(): void {
    this.#chunks = [];
    this.byteLength = 0;
    this.isEnded = false;
  }
}
