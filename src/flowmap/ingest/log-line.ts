/**
 * One record of a source as bytes: a line without its end, or one element of a JSON list. Reused from record to record; parsers that
 * must be fast read `bytes` from `start` to `end`, the others take `text()`.
 */
export class LogLine {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** When an envelope around the record (syslog, a container's log) says that it was written; NaN where there is none. */
  receivedMs: number = Number.NaN;
  #text: string | null = null;

  constructor(bytes: Uint8Array = new Uint8Array(0), start: number = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** A line of a text, for tests and for what was peeled out of an envelope. */
  static of(text: string): LogLine {
    const line = new LogLine(encoder.encode(text));
    line.#text = text;
    return line;
  }

  /** Takes on a text that was peeled out of an envelope. */
  setText(text: string, receivedMs: number): void {
    this.set(encoder.encode(text), 0, 0);
    this.end = this.bytes.length;
    this.#text = text;
    this.receivedMs = receivedMs;
  }

  /** Points at other bytes. */
  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.receivedMs = Number.NaN;
    this.#text = null;
  }

  /** The record as text; bytes that are no UTF-8 become U+FFFD. */
  text(): string {
    this.#text ??= decoder.decode(this.bytes.subarray(this.start, this.end));
    return this.#text;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
