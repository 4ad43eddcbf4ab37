import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Fault } from '../base/index.ts';
import type { FoldedBatch, ReadOrder } from '../flowmap/index.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { FromReader, ReaderNews, ToReader } from './reader-messages.ts';

/** Takes folded batches as they come; a reader waits while one is written. */
export type TakeBatch = (format: string, batch: FoldedBatch) => Promise<void>;

/** What a thread came to at the end of a source. */
export type ReaderEnd = Extract<ReaderNews, { kind: 'ended' }>;

/** What a thread is made with. `timezone` is an IANA name or an offset. */
export interface ReaderThreadOptions {
  readonly entry: URL;
  readonly timezone: string;
  readonly nowMs: number;
  /** Where buffers of pieces go that were read. */
  readonly buffers: BufferPool;
}

/** V8 heap of a reading thread; nearly all of its data is in typed arrays outside of it. */
const threadHeapMb = 192;
/** What is short-lived is small too; the default would keep three times as much. */
const youngHeapMb = 16;

/**
 * One thread, as the pool sees it: `open` -> pieces -> `end`, again and again. Where it dies or what it found cannot be written, everybody
 * who waits for it in this source is told; the next source gets a new thread.
 */
export class ReaderThread {
  readonly #options: ReaderThreadOptions;
  #worker: Worker | null = null;
  #session = 0;
  underWay = 0;
  lines = 0;
  #linesOf: number[] = [];
  #writing: Promise<void> = Promise.resolve();
  #opened = Promise.withResolvers<Fault | null>();
  #ended = Promise.withResolvers<ReaderEnd>();
  #room = Promise.withResolvers<void>();
  #take: TakeBatch = () => Promise.resolve();

  constructor(options: ReaderThreadOptions) {
    this.#options = options;
  }

  /** Opens a source; whatever was open before is dropped. Throws where the thread dies of it. */
  async open(order: ReadOrder, take: TakeBatch): Promise<Fault | null> {
    await this.drop();
    this.#take = take;
    this.lines = 0;
    this.underWay = 0;
    this.#opened = quiet(Promise.withResolvers());
    this.#ended = quiet(Promise.withResolvers());
    this.#room = quiet(Promise.withResolvers());
    this.#writing = Promise.resolve();
    const { timezone, nowMs } = this.#options;
    this.#tell({ kind: 'open', session: this.#session, order, timezone, nowMs });
    return this.#opened.promise;
  }

  /** Hands a piece over; `linesOf` gets its lines under `index` once it is read. */
  send(bytes: Uint8Array<ArrayBuffer>, index: number, linesOf: number[]): void {
    this.underWay += 1;
    this.#linesOf = linesOf;
    this.#tell({ kind: 'piece', bytes, index }, [bytes.buffer]);
  }

  /** Settles when a piece was read and what came of it is written; rejects when that cannot be. */
  room(): Promise<void> {
    return this.#room.promise;
  }

  /** Ends the source; settles when all of it is written. */
  async end(): Promise<ReaderEnd> {
    this.#tell({ kind: 'end' });
    const ended = await this.#ended.promise;
    await this.#writing;
    return ended;
  }

  /** Lets go of the source: nothing of it is taken any more. Settles when nothing is being written. */
  async drop(): Promise<void> {
    this.#session += 1;
    await this.#writing.catch(() => undefined);
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    const exited = once(worker, 'exit');
    await worker.terminate();
    await exited;
  }

  #tell(message: ToReader, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message, [...transfer]);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.entry, {
      resourceLimits: { maxOldGenerationSizeMb: threadHeapMb, maxYoungGenerationSizeMb: youngHeapMb },
    });
    worker.on('message', (message: FromReader) => {
      if (message.session === this.#session) this.#hear(message);
    });
    // An error comes before the exit that follows from it: from then on the thread hears nothing more.
    worker.on('error', (error) => this.#bury(worker, error));
    worker.on('exit', (code) => this.#bury(worker, new Error(`a reading thread ended with exit code ${code}`)));
    return worker;
  }

  #bury(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#fail(error);
  }

  #hear(message: ReaderNews): void {
    if (message.kind === 'opened') this.#opened.resolve(message.fault);
    else if (message.kind === 'batch') this.#write(message.format, message.batch);
    else if (message.kind === 'ended') this.#ended.resolve(message);
    else {
      this.#linesOf[message.index] = message.lines;
      this.lines += message.lines;
      this.#options.buffers.give(message.buffer);
      this.#makeRoom(this.#session);
    }
  }

  // A thread gets no more to read while what it found before is not written: memory stays bounded.
  #makeRoom(session: number): void {
    const written = (): void => {
      if (session !== this.#session) return;
      this.underWay -= 1;
      this.#room.resolve();
      this.#room = quiet(Promise.withResolvers());
    };
    // A failure to write is told where it happened.
    this.#writing.then(written, () => undefined);
  }

  #write(format: string, batch: FoldedBatch): void {
    const take = this.#take;
    this.#writing = this.#writing.then(() => take(format, batch));
    this.#writing.catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#opened.reject(error);
    this.#ended.reject(error);
    this.#room.reject(error);
  }
}

/** Somebody may wait for it or nobody: a rejection that nobody hears is no defect. */
function quiet<T>(resolvers: PromiseWithResolvers<T>): PromiseWithResolvers<T> {
  resolvers.promise.catch(() => undefined);
  return resolvers;
}
