import { createHash, type Hash } from 'node:crypto';
import type { SourceEntry } from '../flowmap/index.ts';

/** A source that is known by the digest of its bytes, and how many there are. */
export type KnownBytes = Pick<SourceEntry, 'id' | 'digest' | 'bytes'>;

/** Reads a stream, keeps its digest, tells which known sources it begins with, and stops quietly where compressed data ends too early: what came before is good. */
export class ByteReader {
  readonly #pieces: AsyncGenerator<Buffer>;
  readonly #hash: Hash = createHash('sha256');
  readonly #waiting: Uint8Array[] = [];
  isEnded = false;
  bytes = 0;
  /** Why the input ended early; null where it did not. */
  trouble: string | null = null;
  /** Known sources that this one goes on from. */
  readonly grownFrom: KnownBytes[] = [];
  /** Known sources that are longer than what was read, the shortest last. */
  readonly #longer: KnownBytes[];

  /** `known` may be any sources of the lake; those of no bytes tell nothing. */
  constructor(pieces: AsyncGenerator<Buffer>, known: readonly KnownBytes[]) {
    this.#pieces = pieces;
    this.#longer = known.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  }

  async head(size: number): Promise<Uint8Array> {
    let held = 0;
    while (held < size && !this.isEnded) {
      const piece = await this.#next();
      if (piece === null) break;
      // A piece's memory is used again for the next one.
      this.#waiting.push(new Uint8Array(piece));
      held += piece.length;
    }
    return Buffer.concat(this.#waiting).subarray(0, size);
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    yield* this.#waiting.splice(0);
    for (let piece = await this.#next(); piece !== null; piece = await this.#next()) yield piece;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  // A known source that ends here is all of the input so far; one that ends with the input is the same and did not grow.
  #take(piece: Buffer): void {
    let rest: Uint8Array = piece;
    for (let next = this.#longer.at(-1); next !== undefined && next.bytes < this.bytes + rest.length; ) {
      const upTo = next.bytes - this.bytes;
      this.#hash.update(rest.subarray(0, upTo));
      this.bytes += upTo;
      rest = rest.subarray(upTo);
      const digest = this.#hash.copy().digest('hex');
      for (; next?.bytes === this.bytes; next = this.#longer.at(-1)) {
        if (next.digest === digest) this.grownFrom.push(next);
        this.#longer.pop();
      }
    }
    this.#hash.update(rest);
    this.bytes += rest.length;
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.isEnded) return null;
    try {
      const { value, done } = await this.#pieces.next();
      if (done === true) {
        this.isEnded = true;
        return null;
      }
      this.#take(value);
      return value;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.isEnded = true;
      if (this.bytes === 0 || code === undefined || !/^(?:Z_|ZSTD_|ERR_)/.test(code)) throw error;
      this.trouble = code;
      return null;
    }
  }
}
