import type { BufferPool } from './buffer-pool.ts';

/** What a chunker tells. `chunk` hands over a buffer of its own that ends at the end of a line (or of the input). */
export interface LineChunks {
  chunk(bytes: Uint8Array<ArrayBuffer>): Promise<void> | undefined;
  tooLong(): void;
}

/**
 * Cuts a stream of bytes into pieces that end at line ends, so that each can go to another thread. A line of more than `maxLineBytes` is
 * passed over and told, in bounded memory.
 */
export class LineChunker {
  readonly #pool: BufferPool;
  readonly #maxLineBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #used = 0;
  #isSkipping = false;

  /** Pieces are as large as the buffers of the pool, or as a line that is larger. */
  constructor(pool: BufferPool, maxLineBytes: number) {
    this.#pool = pool;
    this.#maxLineBytes = maxLineBytes;
    this.#buffer = pool.take(0);
  }

  /** Takes a piece of any size. */
  async push(piece: Uint8Array, chunks: LineChunks): Promise<void> {
    let at = 0;
    while (at < piece.length) {
      if (this.#isSkipping) {
        at = this.#skip(piece, at);
        continue;
      }
      const room = this.#buffer.length - this.#used;
      const taken = Math.min(room, piece.length - at);
      this.#buffer.set(piece.subarray(at, at + taken), this.#used);
      this.#used += taken;
      at += taken;
      if (this.#used === this.#buffer.length) await this.#emit(chunks);
    }
  }

  /** The end of the input: the last line needs no line end. */
  async end(chunks: LineChunks): Promise<void> {
    if (this.#used > 0) await chunks.chunk(this.#buffer.slice(0, this.#used));
    this.#used = 0;
  }

  #skip(piece: Uint8Array, at: number): number {
    const end = piece.indexOf(0x0a, at);
    if (end < 0) return piece.length;
    this.#isSkipping = false;
    return end + 1;
  }

  async #emit(chunks: LineChunks): Promise<void> {
    const cut = this.#buffer.lastIndexOf(0x0a, this.#used - 1) + 1;
    if (cut > 0) {
      const full = this.#buffer;
      const rest = full.subarray(cut, this.#used);
      this.#buffer = this.#pool.take(rest.length * 2);
      this.#buffer.set(rest);
      this.#used = rest.length;
      await chunks.chunk(full.subarray(0, cut));
      return;
    }
    if (this.#buffer.length >= this.#maxLineBytes) {
      this.#isSkipping = true;
      this.#used = 0;
      this.#buffer = this.#pool.take(0);
      chunks.tooLong();
      return;
    }
    const larger = new Uint8Array(this.#buffer.length * 2);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}
