import { type Fault, failed, ok, type Result } from '../../base/index.ts';
import type { FoldedBatch, ObservationFold } from '../fold-observations.ts';
import { isReject, type LineOutcome, type RejectCode, type SkipCode } from '../observation.ts';
import { type PeelOptions, peelEnvelopes } from './envelope.ts';
import type { LineParser, ParserOptions } from './log-format.ts';
import { findLogFormat } from './log-formats.ts';
import { LogLine } from './log-line.ts';
import { type JsonNesting, JsonSplitter } from './split-json.ts';

/** A record is at most this long: the largest real ones (an hour of Azure flows in one object) are some MB. */
export const maxRecordBytes: number = 16 * 1024 * 1024;

/** What became of the lines of a source, or of a part of it. */
export interface LineTally {
  lines: number;
  taken: number;
  readonly skips: Partial<Record<SkipCode, number>>;
  readonly rejects: Partial<Record<RejectCode, RejectTally>>;
}

/** Rejects of one kind: how many, and the first of them, cut to 200 characters. `line` counts from 1 in the part that was read. */
export interface RejectTally {
  count: number;
  readonly examples: { readonly line: number; readonly text: string }[];
}

/** How to read a source, as plain data for a worker. Formats are tried in order for each line. */
export interface ReadOrder {
  readonly formats: readonly { readonly id: string; readonly grammar: string | null }[];
  readonly isPeeled: boolean;
  /** Null: lines are records. */
  readonly nesting: JsonNesting | null;
}

/** What a reader works with: the zone and the present, and a fold for each format. */
export interface ReadPorts extends PeelOptions {
  readonly createFold: () => ObservationFold;
}

const lineFeed = 0x0a;
const mostExamples = 3;
const exampleLength = 200;

/** Makes an empty tally. */
export function createTally(): LineTally {
  return { lines: 0, taken: 0, skips: {}, rejects: {} };
}

/** Counts a record that could not be used; of the first ones the text is kept, cut. */
export function tallyReject(tally: LineTally, code: RejectCode, line: number, text: string): void {
  const sum = tally.rejects[code] ?? { count: 0, examples: [] };
  sum.count += 1;
  if (sum.examples.length < mostExamples) sum.examples.push({ line, text: text.slice(0, exampleLength) });
  tally.rejects[code] = sum;
}

/** Reads records of one source: bytes in, observations folded by format. Never throws. Fault: `grammar_invalid`. */
export function createSourceReader(order: ReadOrder, ports: ReadPorts): Result<SourceReader, Fault> {
  const parts: FormatPart[] = [];
  for (const { id, grammar } of order.formats) {
    const options: ParserOptions = { grammar, zone: ports.zone, nowMs: ports.nowMs };
    const made = findLogFormat(id)?.createParser(options);
    if (made === undefined) continue;
    if (!made.ok) return failed(made.fault);
    parts.push({ id, parser: made.value, fold: ports.createFold() });
  }
  return ok(new SourceReader(order, parts, ports));
}

interface FormatPart {
  readonly id: string;
  readonly parser: LineParser;
  readonly fold: ObservationFold;
}

interface PlainPart {
  readonly parser: LineParser & Required<Pick<LineParser, 'takePlain'>>;
  readonly fold: ObservationFold;
}

function plainPartOf(part: FormatPart | undefined): PlainPart | null {
  return part?.parser.takePlain === undefined ? null : (part as PlainPart);
}

/** Made by {@link createSourceReader}. */
export class SourceReader {
  readonly tally: LineTally = createTally();
  /** Lines that were passed, empty ones included: what an editor counts. Of JSON over lines it is records. */
  position = 0;
  readonly #parts: readonly FormatPart[];
  readonly #peel: PeelOptions | null;
  /** The first format, where it takes lines straight from a piece; null where it does not, or lines have to be peeled first. */
  readonly #plain: PlainPart | null;
  readonly #splitter: JsonSplitter | null;
  readonly #line = new LogLine();

  constructor(order: ReadOrder, parts: readonly FormatPart[], ports: PeelOptions) {
    this.#parts = parts;
    this.#peel = order.isPeeled ? ports : null;
    this.#plain = order.isPeeled ? null : plainPartOf(parts[0]);
    this.#splitter = order.nesting === null ? null : new JsonSplitter(order.nesting, maxRecordBytes);
  }

  /** Takes a piece of the source. Where lines are records, a piece ends at the end of a line. */
  push(bytes: Uint8Array): void {
    if (this.#splitter === null) this.#readLines(bytes);
    else {
      this.#splitter.push(bytes, {
        found: (record, start, end) => this.#readRecord(record, start, end),
        tooLong: () => this.reject('too_long', ''),
      });
    }
  }

  /** The end of the source. */
  end(): void {
    if (this.#splitter?.isCut === true) this.reject('truncated', '');
  }

  /** Counts a record that could not even be read. */
  reject(code: RejectCode, text: string): void {
    this.position += 1;
    this.tally.lines += 1;
    this.#count(code, text);
  }

  /** What was folded, by format, where there is so much of it that it should be written (or `all`). */
  *drain(isAll: boolean): Generator<{ readonly format: string; readonly batch: FoldedBatch }> {
    for (const { id, fold } of this.#parts) {
      if (!isAll && !fold.isFull) continue;
      const batch = fold.drain();
      const { flows, answers, leases, declared } = batch;
      if (flows.count + answers.count + leases.length + declared.length > 0) yield { format: id, batch };
    }
  }

  /** First and last instant of what was taken, epoch milliseconds; NaN where nothing was. */
  range(): { readonly firstMs: number; readonly lastMs: number } {
    const firsts = this.#parts.map(({ fold }) => fold.firstMs).filter(Number.isFinite);
    const lasts = this.#parts.map(({ fold }) => fold.lastMs).filter(Number.isFinite);
    return firsts.length === 0
      ? { firstMs: Number.NaN, lastMs: Number.NaN }
      : { firstMs: Math.min(...firsts), lastMs: Math.max(...lasts) };
  }

  #readLines(bytes: Uint8Array): void {
    const plain = this.#plain;
    const lastEnd = bytes.lastIndexOf(lineFeed);
    let start = 0;
    while (start < bytes.length) {
      if (plain !== null && start < lastEnd) start = this.#takePlain(plain, bytes, start, lastEnd);
      if (start < bytes.length) start = this.#readLine(bytes, start);
    }
  }

  /** Reads any line; gives where the next one starts. */
  #readLine(bytes: Uint8Array, from: number): number {
    let start = from;
    let end = bytes.indexOf(lineFeed, start);
    if (end < 0) end = bytes.length;
    const next = end + 1;
    if (end > start && bytes[end - 1] === 0x0d) end -= 1;
    if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) start += 3;
    if (end > start) this.#readRecord(bytes, start, end);
    else this.position += 1;
    return next;
  }

  /** Takes lines for as long as they are plain; gives where the first starts that is not. `lastEnd`: the last line feed. */
  #takePlain({ parser, fold }: PlainPart, bytes: Uint8Array, from: number, lastEnd: number): number {
    let start = from;
    let lines = 0;
    while (start < lastEnd) {
      // Perhaps a byte order mark, which belongs to no field.
      if (bytes[start] === 0xef) break;
      const next = parser.takePlain(bytes, start, fold);
      if (next < 0) break;
      start = next;
      lines += 1;
    }
    this.position += lines;
    this.tally.lines += lines;
    this.tally.taken += lines;
    return start;
  }

  #readRecord(bytes: Uint8Array, start: number, end: number): void {
    this.position += 1;
    this.tally.lines += 1;
    if (end - start > maxRecordBytes) {
      this.#count('too_long', '');
      return;
    }
    const line = this.#line;
    line.set(bytes, start, end);
    if (this.#peel !== null) {
      const { text, receivedMs } = peelEnvelopes(line.text(), this.#peel);
      line.setText(text, receivedMs);
    }
    const outcome = this.#parse(line);
    if (outcome === 'taken') this.tally.taken += 1;
    else if (!isReject(outcome)) this.tally.skips[outcome] = (this.tally.skips[outcome] ?? 0) + 1;
    else this.#count(bytes.subarray(start, end).includes(0) ? 'binary' : outcome, line);
  }

  // The first format that takes a line, or understands it, has it; else the first one says what is wrong. Nearly every line is the first's.
  #parse(line: LogLine): LineOutcome {
    const parts = this.#parts;
    let first: LineOutcome = 'other_format';
    for (let index = 0; index < parts.length; index++) {
      const { parser, fold } = parts[index] as FormatPart;
      const outcome = parser.parse(line, fold);
      if (outcome === 'taken' || !isReject(outcome)) return outcome;
      if (index === 0) first = outcome;
    }
    return first;
  }

  #count(code: RejectCode, line: LogLine | string): void {
    // Making a text of bytes costs: only of the lines that are shown.
    const isShown = (this.tally.rejects[code]?.examples.length ?? 0) < mostExamples;
    tallyReject(this.tally, code, this.position, typeof line === 'string' ? line : isShown ? line.text() : '');
  }
}
