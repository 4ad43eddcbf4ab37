import { isToken } from './head-fields.ts';
import { type Refused, refused } from './wire-fault.ts';

/** Where a chunked body stands. `end`: it is over, and `consumedBytes` of the piece just given belong to it. */
export type ChunkedResult =
  | Refused
  | { readonly kind: 'more' }
  | { readonly kind: 'end'; readonly consumedBytes: number };

/** Follows a chunked body without keeping it. After `end` or a fault it must not be given more. */
export interface ChunkedScanner {
  /** Looks at the next piece of the body. */
  push(bytes: Uint8Array): ChunkedResult;
}

// A size of thirteen hexadecimal digits stays exact as a number; extensions are read by nobody and kept short.
const longestSizeLine = 256;
const longestTrailer = 8192;
const sizeLine = /^([0-9A-Fa-f]{1,13})(?:;[\t -~]*)?$/;
const more = { kind: 'more' } as const;

/**
 * Creates a scanner for one body (RFC 9112 section 7.1). Lines end in CR LF; a size line has at most 256 bytes, the trailers
 * 8 KiB in all. Fault: `chunk_malformed`.
 */
export function createChunkedScanner(): ChunkedScanner {
  return new Scanner();
}

class Scanner implements ChunkedScanner {
  #part: 'size' | 'data' | 'data_end' | 'trailer' = 'size';
  #dataLeft = 0;
  #line = '';
  #trailerBytes = 0;

  push(bytes: Uint8Array): ChunkedResult {
    let at = 0;
    while (at < bytes.length) {
      if (this.#part === 'data') {
        at += this.#skipData(bytes.length - at);
        continue;
      }
      const fault = this.#addToLine(bytes[at] ?? 0);
      at += 1;
      if (fault !== null) return fault;
      if (!this.#line.endsWith('\r\n')) continue;
      const result = this.#endLine();
      if (result === 'end') return { kind: 'end', consumedBytes: at };
      if (result !== null) return result;
    }
    return more;
  }

  #skipData(available: number): number {
    const skipped = Math.min(available, this.#dataLeft);
    this.#dataLeft -= skipped;
    if (this.#dataLeft === 0) this.#part = 'data_end';
    return skipped;
  }

  #addToLine(byte: number): Refused | null {
    const afterCr = this.#line.endsWith('\r');
    if (afterCr !== (byte === 10)) return malformed('a line does not end in CR LF');
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) return malformed('a line holds a control byte');
    this.#line += String.fromCharCode(byte);
    const limit = this.#part === 'trailer' ? longestTrailer - this.#trailerBytes : longestSizeLine;
    if (this.#part === 'data_end' && this.#line.length === 1 && byte !== 13)
      return malformed('a chunk is longer than its size');
    return this.#line.length > limit ? malformed('a size line or the trailers are too long') : null;
  }

  #endLine(): Refused | 'end' | null {
    const line = this.#line.slice(0, -2);
    this.#trailerBytes += this.#part === 'trailer' ? this.#line.length : 0;
    this.#line = '';
    if (this.#part === 'size') return this.#startChunk(line);
    if (this.#part === 'data_end') {
      this.#part = 'size';
      return null;
    }
    if (line === '') return 'end';
    return isToken(line, 0, line.indexOf(':')) ? null : malformed('a trailer has no name right before its colon');
  }

  #startChunk(line: string): Refused | null {
    const size = sizeLine.exec(line)?.[1];
    if (size === undefined) return malformed('a chunk size is not a hexadecimal number');
    this.#dataLeft = Number.parseInt(size, 16);
    this.#part = this.#dataLeft === 0 ? 'trailer' : 'data';
    return null;
  }
}

function malformed(why: string): Refused {
  return refused('chunk_malformed', why);
}
