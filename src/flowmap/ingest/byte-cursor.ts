import type { LogLine } from './log-line.ts';

const blank = 32;
const zero = 48;

/** Reads a line byte by byte from left to right, for the formats that come in millions: no strings, no objects. */
export class ByteCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at: number = 0;
  end: number = 0;

  /** Starts at the beginning of a line. */
  start(line: LogLine): void {
    this.bytes = line.bytes;
    this.at = line.start;
    this.end = line.end;
  }

  /** Reads a whole number without sign; -1 where no digit stands, or more than 15 of them. */
  digits(): number {
    const { bytes, end } = this;
    const from = this.at;
    let value = 0;
    let at = from;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    this.at = at;
    return at === from || at - from > 15 ? -1 : value;
  }

  /** Passes over one byte, if it is this one. */
  take(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at += 1;
    return true;
  }

  /** Passes over blanks, and says whether there was one. */
  blanks(): boolean {
    const from = this.at;
    while (this.at < this.end && this.bytes[this.at] === blank) this.at += 1;
    return this.at > from;
  }

  /** Goes to the next byte of this kind, or to the end of the line. */
  to(byte: number): number {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end && bytes[at] !== byte) at += 1;
    this.at = at;
    return at;
  }

  /** Goes to the next blank, or to the end of the line; gives where that is. */
  toBlank(): number {
    return this.to(blank);
  }
}
