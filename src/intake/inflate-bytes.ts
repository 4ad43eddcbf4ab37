import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { ZstdFrames } from './zstd-frames.ts';

/** Compressions that are undone. */
export type Compression = 'gzip' | 'zstd';

/** Compressed bytes go in by pieces of this size, so that what comes out of one stays small. */
const pieceBytes = 32 * 1024;
const outputBytes = 256 * 1024;
/** Output that waits for the reader at most, before the decompressor has to wait. */
const mostWaitingBytes = 4 * outputBytes;

/**
 * Gives the bytes inside of compressed ones. Where the input is cut short or broken, everything before that comes first, always the same
 * amount, and then the error is thrown: a stream of Node drops what nobody has read yet as soon as it fails, so how much of a truncated
 * file is read would hang on how busy the reader is, and so would its digest.
 */
export async function* inflateBytes(raw: AsyncIterable<Buffer>, compression: Compression): AsyncGenerator<Buffer> {
  const frames = compression === 'zstd' ? new ZstdFrames() : null;
  let inflater: Inflater | null = null;
  try {
    for await (const piece of evenPieces(raw)) {
      for (const { bytes, isEnd } of frames?.split(piece) ?? [{ bytes: piece, isEnd: false }]) {
        inflater ??= new Inflater(compression);
        yield* inflater.write(bytes);
        if (!isEnd) continue;
        yield* inflater.end();
        inflater = null;
      }
    }
    if (inflater !== null) yield* inflater.end();
  } finally {
    inflater?.destroy();
  }
}

// However a pipe cuts it, a broken input breaks at the same place.
async function* evenPieces(raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of raw) {
    const bytes = held.length === 0 ? piece : Buffer.concat([held, piece]);
    let at = 0;
    for (; at + pieceBytes <= bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    // A copy: the memory of a piece is used again.
    held = Buffer.from(bytes.subarray(at));
  }
  if (held.length > 0) yield held;
}

/** One decompressor, fed piece by piece; it never holds what failed to be read. */
class Inflater {
  readonly #stream: Gunzip | ZstdDecompress;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #error: Error | null = null;
  #changed = Promise.withResolvers<void>();

  constructor(compression: Compression) {
    const options = { chunkSize: outputBytes };
    this.#stream = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
    this.#stream.on('data', (piece: Buffer) => {
      this.#waiting.push(piece);
      this.#waitingBytes += piece.length;
      if (this.#waitingBytes >= mostWaitingBytes) this.#stream.pause();
      this.#changed.resolve();
    });
    this.#stream.on('error', (error) => {
      this.#error = error;
      this.#changed.resolve();
    });
  }

  async *write(piece: Buffer): AsyncGenerator<Buffer> {
    let isDone = false;
    this.#stream.write(piece, () => {
      isDone = true;
      this.#changed.resolve();
    });
    yield* this.#drain(() => isDone);
  }

  // Only once everything before is out: the end is where a truncated input fails.
  async *end(): AsyncGenerator<Buffer> {
    let isDone = false;
    this.#stream.once('end', () => {
      isDone = true;
      this.#changed.resolve();
    });
    this.#stream.end();
    yield* this.#drain(() => isDone);
  }

  destroy(): void {
    this.#stream.destroy();
  }

  async *#drain(isDone: () => boolean): AsyncGenerator<Buffer> {
    for (;;) {
      // First the promise, then the look: what happens in between must not be missed.
      this.#changed = Promise.withResolvers();
      const changed = this.#changed.promise;
      yield* this.#take();
      if (this.#waiting.length > 0) continue;
      if (this.#error !== null) throw this.#error;
      if (isDone()) return;
      await changed;
    }
  }

  *#take(): Generator<Buffer> {
    for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
      this.#waitingBytes -= piece.length;
      yield piece;
    }
    this.#stream.resume();
  }
}
