import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Fault, failed, ok, type Result } from '../base/index.ts';
import type { FoldedBatch, LineTally, ReadOrder } from '../flowmap/index.ts';
import type { FromReader, ToReader } from './reader-messages.ts';

/** Takes folded batches as they come; a reader waits while one is written. */
export type TakeBatch = (format: string, batch: FoldedBatch) => Promise<void>;

/** What the threads came to, added up. */
export interface ReadOutcome {
  readonly tally: LineTally;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Threads that parse, kept from source to source. */
export interface ReaderPool {
  /** Opens a source on all threads, or on one where its records must be read in order. Fault: `grammar_invalid`. */
  open(order: ReadOrder, isOrdered: boolean, take: TakeBatch): Promise<Result<SourceFeed>>;
  close(): Promise<void>;
}

/** Where the pieces of the open source go. */
export interface SourceFeed {
  /** Hands a piece over; waits while enough is under way. */
  piece(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Lines read so far, for progress. */
  lines(): number;
  end(): Promise<ReadOutcome>;
}

/** What readers are made with. `timezone` is an IANA name or an offset. */
export interface ReaderPoolOptions {
  readonly threads: number;
  readonly timezone: string;
  readonly nowMs: number;
}

/** Pieces under way for each thread: one being read, one waiting. */
const piecesPerThread = 2;
/** V8 heap of a reading thread; nearly all of its data is in typed arrays outside of it. */
const threadHeapMb = 192;

/** Starts the threads. */
export function createReaderPool(options: ReaderPoolOptions): ReaderPool {
  const entry = new URL(`./ingest-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const readers = Array.from({ length: options.threads }, () => new ReaderThread(entry, options));
  return {
    open: async (order, isOrdered, take) => {
      const used = isOrdered ? readers.slice(0, 1) : readers;
      for (const reader of used) {
        const trouble = await reader.open(order, take);
        if (trouble !== null) return failed(trouble);
      }
      return ok(feedOf(used));
    },
    close: async () => void (await Promise.all(readers.map((reader) => reader.close()))),
  };
}

function feedOf(readers: readonly ReaderThread[]): SourceFeed {
  const linesOf: number[] = [];
  const readerOf: number[] = [];
  let index = 0;
  return {
    piece: async (bytes) => {
      const reader = await freest(readers);
      readerOf[index] = readers.indexOf(reader);
      reader.send(bytes, index, linesOf);
      index += 1;
    },
    lines: () => readers.reduce((sum, reader) => sum + reader.lines, 0),
    end: async () => {
      const ended = await Promise.all(readers.map((reader) => reader.end()));
      return addUp(ended, (reader, line) => absoluteLine(readerOf, linesOf, reader, line));
    },
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
function absoluteLine(readerOf: readonly number[], linesOf: readonly number[], reader: number, line: number): number {
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

type Ended = Extract<FromReader, { kind: 'ended' }>;

function addUp(ended: readonly Ended[], lineOf: (reader: number, line: number) => number): ReadOutcome {
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
    sum.examples.splice(0, sum.examples.length, ...all.sort((a, b) => a.line - b.line).slice(0, 3));
    into.rejects[key] = sum;
  }
}

/** One thread, as the pool sees it. */
class ReaderThread {
  readonly #worker: Worker;
  readonly #options: ReaderPoolOptions;
  underWay = 0;
  lines = 0;
  #lines: number[] = [];
  #writing: Promise<void> = Promise.resolve();
  #opened = Promise.withResolvers<Fault | null>();
  #ended = Promise.withResolvers<Ended>();
  #room = Promise.withResolvers<void>();
  #take: TakeBatch = () => Promise.resolve();

  constructor(entry: URL, options: ReaderPoolOptions) {
    this.#options = options;
    this.#worker = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: threadHeapMb } });
    this.#worker.on('message', (message: FromReader) => this.#hear(message));
    this.#worker.on('error', (error) => this.#fail(error));
  }

  async open(order: ReadOrder, take: TakeBatch): Promise<Fault | null> {
    this.#take = take;
    this.lines = 0;
    this.#opened = Promise.withResolvers();
    this.#ended = Promise.withResolvers();
    this.#writing = Promise.resolve();
    const { timezone, nowMs } = this.#options;
    this.#tell({ kind: 'open', order, timezone, nowMs });
    return this.#opened.promise;
  }

  send(bytes: Uint8Array<ArrayBuffer>, index: number, lines: number[]): void {
    this.underWay += 1;
    this.#lines = lines;
    this.#tell({ kind: 'piece', bytes, index }, [bytes.buffer]);
  }

  room(): Promise<void> {
    return this.#room.promise;
  }

  async end(): Promise<Ended> {
    this.#tell({ kind: 'end' });
    const ended = await this.#ended.promise;
    await this.#writing;
    return ended;
  }

  async close(): Promise<void> {
    const exited = once(this.#worker, 'exit');
    await this.#worker.terminate();
    await exited;
  }

  #tell(message: ToReader, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  #hear(message: FromReader): void {
    if (message.kind === 'opened') this.#opened.resolve(message.fault);
    else if (message.kind === 'batch') this.#write(message.format, message.batch);
    else if (message.kind === 'ended') this.#ended.resolve(message);
    else {
      this.#lines[message.index] = message.lines;
      this.lines += message.lines;
      // A thread gets no more to read while what it found before is not written: memory stays bounded.
      void this.#writing.then(() => {
        this.underWay -= 1;
        this.#room.resolve();
        this.#room = Promise.withResolvers();
      });
    }
  }

  #write(format: string, batch: FoldedBatch): void {
    this.#writing = this.#writing.then(() => this.#take(format, batch));
    this.#writing.catch((error: unknown) => this.#fail(error));
  }

  // Somebody may wait for any of these, or nobody.
  #fail(error: unknown): void {
    for (const one of [this.#opened, this.#ended, this.#room]) (one.promise as Promise<unknown>).catch(() => undefined);
    this.#opened.reject(error);
    this.#ended.reject(error);
    this.#room.reject(error);
  }
}
