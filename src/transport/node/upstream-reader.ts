const bufferBytes = 262_144;
// A delivery of this size or more is a bulk transfer; below it copying costs less than lending.
const hotBytes = 32_768;
const coolDeliveries = 16;
const maxPooled = 32;

// INVARIANT: bytes in the shared buffer are copied before the event loop goes on; only lent buffers are written from directly.
const shared: Buffer = Buffer.allocUnsafeSlow(bufferBytes);
const pool: Buffer[] = [];

/**
 * Reads of one upstream socket. All idle sockets read into one shared buffer, so an idle tunnel holds none; a busy one is lent a buffer
 * of its own of 256 KiB, four times what a stock stream reads at once, and writes from it without copying (performance.md 2.1, 2.2).
 */
export class UpstreamReader {
  #lent: Buffer | null = null;
  #coolFor = 0;

  /** The buffer for the next read. */
  next(): Buffer {
    return this.#lent ?? shared;
  }

  /**
   * The bytes of a delivery, and whether they stand in a lent buffer: then nothing may be read before they were flushed.
   */
  take(buffer: Uint8Array, byteLength: number): { readonly bytes: Uint8Array; readonly isLent: boolean } {
    if (buffer === shared) {
      if (byteLength >= hotBytes) this.#lent = pool.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
      return { bytes: Buffer.from(shared.subarray(0, byteLength)), isLent: false };
    }
    this.#coolFor = byteLength < hotBytes ? this.#coolFor + 1 : 0;
    return { bytes: buffer.subarray(0, byteLength), isLent: true };
  }

  /** Gives the lent buffer back when the transfer has cooled down; called when it is flushed. */
  cool(): void {
    if (this.#coolFor >= coolDeliveries) this.release();
  }

  /** Gives the lent buffer back; only when nothing is being written from it. */
  release(): void {
    if (this.#lent !== null && pool.length < maxPooled) pool.push(this.#lent);
    this.#lent = null;
    this.#coolFor = 0;
  }

  /** Lets go of a lent buffer that may still be written from. */
  abandon(): void {
    this.#lent = null;
  }
}
