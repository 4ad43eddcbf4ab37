/** Buffers to be used again: what threads have read comes back, so that gigabytes make no garbage for the collector to find. */
export class BufferPool {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  /** Size of its buffers; larger ones, which long lines need, are made for once. */
  readonly sizeBytes: number;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  /** A buffer of at least so many bytes, with anything in it. */
  take(leastBytes: number): Uint8Array<ArrayBuffer> {
    const free = leastBytes <= this.sizeBytes ? this.#free.pop() : undefined;
    return free ?? new Uint8Array(Math.max(leastBytes, this.sizeBytes));
  }

  /** Takes a buffer back that nobody uses any more. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.sizeBytes && this.#free.length < mostFree) this.#free.push(new Uint8Array(buffer));
  }
}

const mostFree = 64;
