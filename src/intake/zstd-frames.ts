/** Bytes of one frame, and whether the frame ends with them. */
export interface FramePart {
  readonly bytes: Buffer;
  readonly isEnd: boolean;
}

type Stage = 'magic' | 'skippable' | 'descriptor' | 'block' | 'end' | 'unknown';

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
/** Bytes of the dictionary's id by the low two bits of the descriptor, and of the content's size by the high two. */
const dictionaryBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;
const fieldBytes: Readonly<Record<Stage, number>> = {
  magic: 4,
  skippable: 4,
  descriptor: 1,
  block: 3,
  end: 0,
  unknown: 0,
};

/**
 * Cuts a stream of zstd into its frames (RFC 8878 section 3.1), without undoing anything: a file may be several frames in a row, and the
 * decompressor of Node reads one only. `magic` -> (`skippable` | `descriptor` -> `block` …) -> `end` -> `magic`; what is no frame is `unknown`
 * and passes through, so that the decompressor complains about it.
 */
export class ZstdFrames {
  #stage: Stage = 'magic';
  #field = 0;
  #got = 0;
  /** Bytes that pass before the next field. */
  #left = 0;
  #checksumBytes = 0;

  /** Takes a piece of the stream and gives its parts in order. */
  *split(piece: Buffer): Generator<FramePart> {
    let from = 0;
    for (let at = 0; at < piece.length; ) {
      at += this.#pass(piece, at);
      if (this.#left > 0 || this.#stage !== 'end') continue;
      yield { bytes: piece.subarray(from, at), isEnd: true };
      from = at;
      this.#enter('magic', 0);
    }
    if (from < piece.length) yield { bytes: piece.subarray(from), isEnd: false };
  }

  /** How many bytes of the piece were looked at. */
  #pass(piece: Buffer, at: number): number {
    if (this.#left > 0) {
      const passed = Math.min(this.#left, piece.length - at);
      this.#left -= passed;
      return passed;
    }
    this.#field += (piece[at] ?? 0) * 2 ** (8 * this.#got);
    this.#got += 1;
    if (this.#got === fieldBytes[this.#stage]) this.#advance(this.#field);
    return 1;
  }

  #advance(field: number): void {
    if (this.#stage === 'magic') this.#readMagic(field);
    else if (this.#stage === 'skippable') this.#enter('end', field);
    else if (this.#stage === 'descriptor') this.#readDescriptor(field);
    else this.#readBlock(field);
  }

  #readMagic(field: number): void {
    if (field === frameMagic) this.#enter('descriptor', 0);
    else if (field - (field % 16) === skippableMagic) this.#enter('skippable', 0);
    else this.#enter('unknown', Number.POSITIVE_INFINITY);
  }

  #readDescriptor(field: number): void {
    const isSingle = (field & 32) !== 0;
    const sizeFlag = field >> 6;
    const size = sizeFlag === 0 && isSingle ? 1 : (contentSizeBytes[sizeFlag] ?? 0);
    this.#checksumBytes = (field & 4) === 0 ? 0 : 4;
    this.#enter('block', (isSingle ? 0 : 1) + (dictionaryBytes[field & 3] ?? 0) + size);
  }

  // A block of type 1 is one byte that stands for many.
  #readBlock(field: number): void {
    const isLast = (field & 1) === 1;
    const content = ((field >> 1) & 3) === 1 ? 1 : field >> 3;
    if (isLast) this.#enter('end', content + this.#checksumBytes);
    else this.#enter('block', content);
  }

  #enter(stage: Stage, left: number): void {
    this.#stage = stage;
    this.#left = left;
    this.#field = 0;
    this.#got = 0;
  }
}
