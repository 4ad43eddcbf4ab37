import { latin1Bytes } from '../latin1.ts';
import type { WireFaultCode } from '../wire-fault.ts';
import { readName, writeName } from './names.ts';
import type { RdataPiece } from './rdata-names.ts';

// A pointer of two bytes stands for up to 255: a message of 64 KiB could become megabytes without this.
const maxMadeBytes = 1_048_576;

/** A way to refuse a message. */
export interface CursorTrouble {
  readonly code: WireFaultCode;
  readonly message: string;
}

/**
 * Walks over a message. The first trouble stays and everything read after it is zero or empty: asked once at the end, it spares a check at
 * every step.
 *
 * @internal
 */
export class MessageCursor {
  readonly #bytes: Uint8Array;
  #made = 0;
  at = 0;
  trouble: CursorTrouble | null = null;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether everything was read. */
  get isDone(): boolean {
    return this.at === this.#bytes.length;
  }

  /** Notes trouble, unless there was some before. */
  fail(code: WireFaultCode, message: string): void {
    this.trouble ??= { code, message };
    this.at = this.#bytes.length;
  }

  number8(): number {
    if (!this.#has(1)) return 0;
    return this.#bytes[this.at++] ?? 0;
  }

  number16(): number {
    if (!this.#has(2)) return 0;
    this.at += 2;
    return (this.#bytes[this.at - 2] ?? 0) * 256 + (this.#bytes[this.at - 1] ?? 0);
  }

  number32(): number {
    return this.number16() * 65_536 + this.number16();
  }

  /** A name, compressed or not. */
  name(): string {
    const read = readName(this.#bytes, this.at);
    if (read === null) {
      this.fail('dns_malformed', 'a name is malformed');
      return '';
    }
    this.at = read.end;
    this.#count(read.text.length);
    return read.text;
  }

  /** A copy of the next bytes; by a layout, with every name in it spelled out. */
  data(length: number, layout: readonly RdataPiece[] | null): Uint8Array {
    if (!this.#has(length)) return new Uint8Array(0);
    const end = this.at + length;
    const data = layout === null ? this.#copy(end) : this.#spellOut(layout, end);
    if (this.at !== end) this.fail('dns_malformed', 'a record does not end where its data end');
    this.#count(data.length);
    return data;
  }

  #spellOut(layout: readonly RdataPiece[], end: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (const piece of layout) pieces.push(this.#piece(piece, end));
    const data = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      data.set(piece, at);
      at += piece.length;
    }
    return data;
  }

  #piece(piece: RdataPiece, end: number): Uint8Array {
    if (piece === 'name') return this.#nameBytes(end);
    const size = this.#sizeOf(piece, end);
    if (this.at + size <= end) return this.#copy(this.at + size);
    this.fail('dns_malformed', 'the data of a record end too early');
    return new Uint8Array(0);
  }

  #sizeOf(piece: number | 'string' | 'rest', end: number): number {
    if (piece === 'rest') return end - this.at;
    return piece === 'string' ? 1 + (this.#bytes[this.at] ?? 0) : piece;
  }

  #nameBytes(end: number): Uint8Array {
    const read = readName(this.#bytes, this.at, end);
    if (read === null) {
      this.fail('dns_malformed', 'a name in the data of a record is malformed');
      return new Uint8Array(0);
    }
    this.at = read.end;
    return writeName(read.text) ?? latin1Bytes('\0');
  }

  // Always a copy, and never by `slice`, which gives a view when the bytes are a `Buffer`: the driver reads the next message into the same memory.
  #copy(end: number): Uint8Array {
    const copy = new Uint8Array(this.#bytes.subarray(this.at, end));
    this.at = end;
    return copy;
  }

  #count(made: number): void {
    this.#made += made;
    if (this.#made > maxMadeBytes) this.fail('dns_too_large', 'the message becomes more than 1 MiB');
  }

  #has(length: number): boolean {
    if (this.at + length <= this.#bytes.length) return true;
    this.fail('dns_malformed', 'the message ends too early');
    return false;
  }
}
