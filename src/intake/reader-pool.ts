import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failed, ok, type Result } from '../base/index.ts';
import type { LineTally, ReadOrder } from '../flowmap/index.ts';
import { BufferPool } from './buffer-pool.ts';
import { type ReaderEnd, ReaderThread, type TakeBatch } from './reader-thread.ts';

/** What the threads came to, added up. */
export interface ReadOutcome {
  readonly tally: LineTally;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Threads that parse, kept from source to source. */
export interface ReaderPool {
  /** Buffers for pieces. */
  readonly buffers: BufferPool;
  /** Opens a source on all threads, or on one where its records must be read in order. Fault: `grammar_invalid`. Throws where a thread dies. */
  open(order: ReadOrder, isOrdered: boolean, take: TakeBatch): Promise<Result<SourceFeed>>;
  close(): Promise<void>;
}

/** Where the pieces of the open source go. */
export interface SourceFeed {
  /** Hands a piece over; waits while enough is under way. */
  piece(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Counts a line that is too long for anybody to read. */
  tooLong(): void;
  /** Lines read so far, for progress. */
  lines(): number;
  end(): Promise<ReadOutcome>;
  /** Lets go of the source before its end: settles when nothing of it is being written any more. */
  drop(): Promise<void>;
}

/** What readers are made with. `timezone` is an IANA name or an offset. */
export interface ReaderPoolOptions {
  readonly threads: number;
  readonly timezone: string;
  readonly nowMs: number;
}

/** A piece is this large, unless a line is longer. */
const pieceBytes = 1024 * 1024;
/**
 * Pieces that a thread gets in a row: logs run through time, and a thread that has a stretch of it for itself folds what two threads
 * would each keep rows of.
 */
const piecesInRow = 8;
/** Pieces under way for each thread: what it gets in a row, and some to go on with. */
const piecesPerThread = 9;
const mostExamples = 3;

/** Starts the threads. */
export function createReaderPool(options: ReaderPoolOptions): ReaderPool {
  const entry = new URL(`./ingest-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const buffers = new BufferPool(pieceBytes);
  const readers = Array.from({ length: options.threads }, () => new ReaderThread({ entry, buffers, ...options }));
  return {
    buffers,
    open: async (order, isOrdered, take) => {
      const used = isOrdered ? readers.slice(0, 1) : readers;
      // All at once: starting a thread is mostly loading modules, which every core can do for itself.
      const troubles = await Promise.all(used.map((reader) => reader.open(order, take)));
      const trouble = troubles.find((one) => one !== null);
      return trouble === undefined ? ok(feedOf(used)) : failed(trouble);
    },
    close: async () => void (await Promise.all(readers.map((reader) => reader.close()))),
  };
}

function feedOf(readers: readonly ReaderThread[]): SourceFeed {
  const places: LinePlaces = { linesOf: [], readerOf: [] };
  const tooLong: number[] = [];
  const chooser = chooserOf(readers);
  return {
    piece: async (bytes) => {
      const reader = await chooser();
      places.readerOf.push(readers.indexOf(reader));
      reader.send(bytes, places.readerOf.length - 1, places.linesOf);
    },
    tooLong: () => {
      places.linesOf[places.readerOf.length] = 1;
      tooLong.push(places.readerOf.length);
      places.readerOf.push(nobody);
    },
    lines: () => readers.reduce((sum, reader) => sum + reader.lines, 0),
    end: async () => {
      const ended = await Promise.all(readers.map((reader) => reader.end()));
      const outcome = addUp(ended, (reader, line) => absoluteLine(places, reader, line));
      addTooLong(outcome.tally, places, tooLong);
      return outcome;
    },
    drop: async () => void (await Promise.all(readers.map((reader) => reader.drop()))),
  };
}

/** Lines of each piece, and the thread that read it: {@link nobody} for a line that was passed over. */
interface LinePlaces {
  readonly linesOf: number[];
  readonly readerOf: number[];
}

const nobody = -1;

function addTooLong(tally: LineTally, { linesOf }: LinePlaces, indexes: readonly number[]): void {
  if (indexes.length === 0) return;
  const lineAt = (index: number): number => linesOf.slice(0, index).reduce((sum, lines) => sum + lines, 1);
  const examples = indexes.slice(0, mostExamples).map((index) => ({ line: lineAt(index), text: '' }));
  addRejects(tally, { ...tally, rejects: { too_long: { count: indexes.length, examples } } }, (line) => line);
  tally.lines += indexes.length;
}

/** Gives the thread for the next piece: the same one for some in a row, then the one with least to do. */
function chooserOf(readers: readonly ReaderThread[]): () => Promise<ReaderThread> {
  let current: ReaderThread | null = null;
  let given = 0;
  return async () => {
    if (current === null || given >= piecesInRow) {
      current = await freest(readers);
      given = 0;
    } else if (current.underWay >= piecesPerThread) await current.room();
    given += 1;
    return current;
  };
}

/** A thread that has room, or the first one that gets some. */
async function freest(readers: readonly ReaderThread[]): Promise<ReaderThread> {
  const least = readers.reduce((best, reader) => (reader.underWay < best.underWay ? reader : best));
  if (least.underWay < piecesPerThread) return least;
  await Promise.race(readers.map((reader) => reader.room()));
  return freest(readers);
}

// A thread counts the lines that it read itself; the pieces between were read by others.
function absoluteLine({ readerOf, linesOf }: LinePlaces, reader: number, line: number): number {
  let [own, before] = [0, 0];
  for (const [index, lines] of linesOf.entries()) {
    if (readerOf[index] === reader) {
      if (own + lines >= line) return before + (line - own);
      own += lines;
    }
    before += lines;
  }
  return before + (line - own);
}

function addUp(ended: readonly ReaderEnd[], lineOf: (reader: number, line: number) => number): ReadOutcome {
  const tally: LineTally = { lines: 0, taken: 0, skips: {}, rejects: {} };
  let [firstMs, lastMs] = [Number.NaN, Number.NaN];
  for (const [reader, { tally: part, range }] of ended.entries()) {
    tally.lines += part.lines;
    tally.taken += part.taken;
    addSkips(tally, part);
    addRejects(tally, part, (line) => lineOf(reader, line));
    if (!(range.firstMs >= firstMs)) firstMs = Number.isNaN(range.firstMs) ? firstMs : range.firstMs;
    if (!(range.lastMs <= lastMs)) lastMs = Number.isNaN(range.lastMs) ? lastMs : range.lastMs;
  }
  return { tally, firstMs, lastMs };
}

function addSkips(into: LineTally, part: LineTally): void {
  for (const [code, count] of Object.entries(part.skips)) {
    const key = code as keyof LineTally['skips'];
    into.skips[key] = (into.skips[key] ?? 0) + count;
  }
}

function addRejects(into: LineTally, part: LineTally, lineOf: (line: number) => number): void {
  for (const [code, { count, examples }] of Object.entries(part.rejects)) {
    const key = code as keyof LineTally['rejects'];
    const sum = into.rejects[key] ?? { count: 0, examples: [] };
    sum.count += count;
    const all = [...sum.examples, ...examples.map(({ line, text }) => ({ line: lineOf(line), text }))];
    sum.examples.splice(0, sum.examples.length, ...all.sort((a, b) => a.line - b.line).slice(0, mostExamples));
    into.rejects[key] = sum;
  }
}
