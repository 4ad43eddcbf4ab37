import {
  type AwsFlowColumns,
  slotCount,
  firstNumber as slotOfFirstNumber,
  lastAddress as slotOfLastAddress,
  slots,
} from './aws-flow-columns.ts';
import { absent, digitsAt, isNothingAt, mostDigits } from './byte-fields.ts';

// What every field is compared with: V8 compiles a constant of this module in, and loads an imported one at every use.
const { unread } = slots;
const firstNumber = slotOfFirstNumber;
const lastAddress = slotOfLastAddress;
const blank = 0x20;
const lineFeed = 0x0a;
const quote = 0x22;
const comma = 0x2c;
const fullStop = 0x2e;
const zero = 0x30;

/** What {@link AwsFlowRow.scanPlain} gives for a row that it cannot read. */
export const notPlain = -1;
/** A row that is longer is not plain: what is too long for a record is judged elsewhere. */
const mostPlainBytes = 65_536;

/**
 * The wanted fields of one row: where its texts are, and its numbers. Reused from row to row. There are two ways to read one, with the same
 * result: `scan` reads whatever rows look like; `scanPlain` finds the end of the line in the same pass, and reads rows as AWS writes them.
 */
export class AwsFlowRow {
  #columns: AwsFlowColumns;
  readonly #starts = new Int32Array(slotCount);
  readonly #ends = new Int32Array(slotCount);
  readonly #numbers = new Float64Array(slotCount).fill(absent);
  /** Addresses of 32 bits by slot; 0 where the field is something else, or was not read as one. */
  readonly #quads = new Int32Array(lastAddress + 1);

  constructor(columns: AwsFlowColumns) {
    this.#columns = columns;
  }

  get columns(): AwsFlowColumns {
    return this.#columns;
  }

  /** Takes on other columns; those that are gone must not leave their last fields behind. */
  switchTo(columns: AwsFlowColumns): void {
    this.#columns = columns;
    this.#starts.fill(0);
    this.#ends.fill(0);
    this.#numbers.fill(absent);
    this.#quads.fill(0);
  }

  start(slot: number): number {
    return this.#starts[slot] as number;
  }

  end(slot: number): number {
    return this.#ends[slot] as number;
  }

  /** The number of a slot from `firstNumber` on; `absent` or `unreadable` where it is none. */
  number(slot: number): number {
    return this.#numbers[slot] as number;
  }

  /** The address of a slot up to `lastAddress` as a number of 32 bits; 0 where it has to be read as text. */
  quad(slot: number): number {
    return this.#quads[slot] as number;
  }

  isNothing(bytes: Uint8Array, slot: number): boolean {
    return isNothingAt(bytes, this.#starts[slot] as number, this.#ends[slot] as number);
  }

  /** Goes through a row once: keeps the wanted columns, and gives how many columns there were. */
  scan(bytes: Uint8Array, from: number, until: number): number {
    const { separator, slotOf } = this.#columns;
    this.#quads.fill(0);
    // The message column of a CloudWatch export is quoted as a whole.
    const end = separator !== comma && bytes[until - 1] === quote ? until - 1 : until;
    let at = from;
    for (let column = 0; column < slotOf.length; column++) {
      const slot = slotOf[column] as number;
      at = slot < firstNumber ? this.#keepText(bytes, at, end, slot) : this.#keepNumber(bytes, at, end, slot);
      if (at >= end) return column + 1;
      at += 1;
    }
    return slotOf.length;
  }

  #keepText(bytes: Uint8Array, from: number, end: number, slot: number): number {
    const { separator } = this.#columns;
    let at = from;
    while (at < end && bytes[at] !== separator) at += 1;
    const isQuoted = separator === comma && at - from > 1 && bytes[from] === quote && bytes[at - 1] === quote;
    this.#starts[slot] = isQuoted ? from + 1 : from;
    this.#ends[slot] = isQuoted ? at - 1 : at;
    return at;
  }

  #keepNumber(bytes: Uint8Array, from: number, end: number, slot: number): number {
    let value = 0;
    let at = from;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const isWhole = at === end || bytes[at] === this.#columns.separator;
    if (!isWhole || at === from || at - from > mostDigits) return this.#keepOddNumber(bytes, from, end, slot);
    this.#numbers[slot] = value;
    return at;
  }

  /** Nothing, a number in quotes, or no number. */
  #keepOddNumber(bytes: Uint8Array, from: number, end: number, slot: number): number {
    const at = this.#keepText(bytes, from, end, unread);
    this.#numbers[slot] = digitsAt(bytes, this.#starts[unread] as number, this.#ends[unread] as number);
    return at;
  }

  /**
   * As {@link scan}, for a row between single blanks that ends in a line feed, which must not be missing in `bytes`. Gives where the next
   * line starts, or {@link notPlain} where anything is out of the ordinary: then nothing that was kept means anything.
   */
  scanPlain(bytes: Uint8Array, from: number): number {
    const { separator, slotOf, count } = this.#columns;
    if (separator !== blank) return notPlain;
    let at = this.#keepPlain(bytes, from, slotOf[0] as number);
    for (let column = 1; column < count; column++) {
      if (bytes[at] !== blank) return notPlain;
      at = this.#keepPlain(bytes, at + 1, slotOf[column] as number);
    }
    const isPlain = bytes[at] === lineFeed && bytes[at - 1] !== quote && at - from <= mostPlainBytes;
    return isPlain ? at + 1 : notPlain;
  }

  /** Keeps one field; gives where it ends, or {@link notPlain}, where there is no byte. */
  #keepPlain(bytes: Uint8Array, from: number, slot: number): number {
    if (slot === unread) return endOfWord(bytes, from);
    if (slot >= firstNumber) return keepDigits(bytes, from, this.#numbers, slot);
    const end = slot > lastAddress ? endOfWord(bytes, from) : keepAddress(bytes, from, this.#quads, slot);
    this.#starts[slot] = from;
    this.#ends[slot] = end;
    return end;
  }
}

// Four to a turn: what a turn costs beside the comparison is most of it.
function endOfWord(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at += 4) {
    if ((bytes[at] as number) <= blank) return at;
    if ((bytes[at + 1] as number) <= blank) return at + 1;
    if ((bytes[at + 2] as number) <= blank) return at + 2;
    if ((bytes[at + 3] as number) <= blank) return at + 3;
  }
}

/** Keeps a number; gives where its digits end, or {@link notPlain} where there are none, or too many to be exact. */
function keepDigits(bytes: Uint8Array, from: number, numbers: Float64Array, slot: number): number {
  let value = 0;
  let at = from;
  for (let digit = (bytes[at] as number) - zero; isDigit(digit); digit = (bytes[at] as number) - zero) {
    value = value * 10 + digit;
    at += 1;
  }
  numbers[slot] = value;
  return at === from || at - from > mostDigits ? notPlain : at;
}

/** Keeps the 32 bits of an address of four parts without needless zeros, or 0 for any other word; gives where the word ends. */
function keepAddress(bytes: Uint8Array, from: number, quads: Int32Array, slot: number): number {
  let quad = 0;
  let at = from;
  for (let part = 0; part < 4; part++) {
    const octet = octetAt(bytes, at);
    if (octet < 0 || octet >= 256 * 4) break;
    at += octet & 3;
    quad = (quad << 8) | (octet >> 2);
    if (part === 3 && (bytes[at] as number) <= blank) {
      quads[slot] = quad;
      return at;
    }
    if (bytes[at] !== fullStop) break;
    at += 1;
  }
  quads[slot] = 0;
  return endOfWord(bytes, at);
}

/** Up to three digits as their value times four plus how many they are; a 0 ends them. -1 where there is none. */
function octetAt(bytes: Uint8Array, at: number): number {
  const first = (bytes[at] as number) - zero;
  if (!isDigit(first)) return -1;
  const second = (bytes[at + 1] as number) - zero;
  if (first === 0 || !isDigit(second)) return first * 4 + 1;
  const third = (bytes[at + 2] as number) - zero;
  return isDigit(third) ? (first * 100 + second * 10 + third) * 4 + 3 : (first * 10 + second) * 4 + 2;
}

function isDigit(value: number): boolean {
  return value >>> 0 <= 9;
}
