/** How deep records lie in a stream of JSON: bare objects, elements of a list, or elements of a list in an envelope. */
export type JsonNesting = 0 | 1 | 2;

/**
 * Says from the head of a source how its JSON must be cut, or null where its lines are its records (or it is no JSON):
 * `[{…},…]` is 1, `{"records":[{…},…]}` 2, an object over several lines 0.
 */
export function jsonNestingOf(head: string): JsonNesting | null {
  const text = head.replace(/^\uFEFF/, '').trimStart();
  if (text.startsWith('[')) return /^\[\s*(?:\{|\])/.test(text) ? 1 : null;
  if (!text.startsWith('{')) return null;
  if (envelope.test(text)) return 2;
  const firstLine = text.split('\n', 1)[0] ?? '';
  return text.includes('\n') && !isWhole(firstLine) ? 0 : null;
}

// Scalars and lists of texts before the list of records; a record's own lists hold no objects under these names.
const envelope =
  /^\{(?:\s*"[^"]*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[\d.]+|null|true|false|\[\s*(?:"[^"]*"\s*(?:,\s*)?)*\])\s*,)*\s*"(?:records|Records|logEvents|events|value|entries)"\s*:\s*\[/;

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** What a splitter tells. */
export interface JsonPieces {
  found(bytes: Uint8Array, start: number, end: number): void;
  tooLong(): void;
}

/**
 * Cuts a stream of JSON into its records without parsing it. Bytes come in pieces of any size; what is between records is passed over, and a
 * quote in it is over at the end of its line, which no text of JSON spans (RFC 8259 section 7).
 */
export class JsonSplitter {
  readonly #recordDepth: JsonNesting;
  readonly #maxRecordBytes: number;
  #pending: Uint8Array = new Uint8Array(0);
  #depth = 0;
  #start = -1;
  #startDepth = 0;
  #isInText = false;
  #isEscaped = false;
  #isSkipping = false;

  /** A record of more than `maxRecordBytes` is passed over and told. */
  constructor(nesting: JsonNesting, maxRecordBytes: number) {
    this.#recordDepth = nesting;
    this.#maxRecordBytes = maxRecordBytes;
  }

  /** Takes a piece and tells every record that ended in it. */
  push(piece: Uint8Array, pieces: JsonPieces): void {
    const from = this.#pending.length;
    const bytes = from === 0 ? piece : joined(this.#pending, piece);
    for (let at = from; at < bytes.length; at++) {
      if (this.#isInText) this.#readText(bytes[at] as number);
      else this.#readStructure(bytes, at, pieces);
    }
    this.#keepRest(bytes, pieces);
  }

  /** Whether the input ended in the middle of a record, or before the end of its list. */
  get isCut(): boolean {
    return this.#start >= 0 || this.#depth > 0;
  }

  #readText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === 0x5c) this.#isEscaped = true;
    else if (byte === 0x22 || (byte === 0x0a && this.#start < 0)) this.#isInText = false;
  }

  #readStructure(bytes: Uint8Array, at: number, pieces: JsonPieces): void {
    const byte = bytes[at] as number;
    if (byte === 0x22) this.#isInText = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (byte === 0x7b && this.#isRecordHere()) {
        this.#start = at;
        this.#startDepth = this.#depth;
      }
      this.#depth += 1;
    } else if (byte === 0x7d || byte === 0x5d) {
      // A stray closing bracket must not make everything after it deeper than it is.
      this.#depth = Math.max(0, this.#depth - 1);
      if (this.#start >= 0 && this.#depth === this.#startDepth) this.#end(bytes, at + 1, pieces);
    }
  }

  // An object outside of the list is a record as well: lines of JSON may follow a list.
  #isRecordHere(): boolean {
    if (this.#start >= 0) return false;
    return this.#depth === this.#recordDepth || (this.#depth === 0 && this.#recordDepth === 1);
  }

  #end(bytes: Uint8Array, end: number, pieces: JsonPieces): void {
    if (!this.#isSkipping) pieces.found(bytes, this.#start, end);
    this.#isSkipping = false;
    this.#start = -1;
  }

  #keepRest(bytes: Uint8Array, pieces: JsonPieces): void {
    this.#pending = new Uint8Array(0);
    if (this.#start < 0) return;
    if (!this.#isSkipping && bytes.length - this.#start > this.#maxRecordBytes) {
      pieces.tooLong();
      this.#isSkipping = true;
    }
    if (!this.#isSkipping) this.#pending = bytes.slice(this.#start);
    this.#start = 0;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
