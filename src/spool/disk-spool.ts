import { mkdirSync } from 'node:fs';
import type { DecisionRecord } from '../policy/index.ts';
import { makeRoom } from './disk-budget.ts';
import { recordLine } from './record-line.ts';
import type { Spool, SpoolCounts, SpoolLogLine, SpoolOptions } from './spool.ts';
import { appendLines, closeFile, isLinked, openForWriting, openNew, type SpoolFile } from './spool-file.ts';

/** About 20,000 records: some seconds of a busy proxy, and little memory. */
const defaultMaxQueuedChars = 8 * 1024 * 1024;
/** Long enough to gather a batch, short enough that a kill loses little. */
const defaultFlushDelayMs = 10;
/** A batch is written at this size without waiting, and is not made larger. */
const maxBatchChars = 256 * 1024;
/** A full disk is usually mended by hand, so a second is soon enough. */
const defaultUpkeepMs = 1000;

/**
 * The spool itself. States: keeping (records are queued, then written in batches, one at a time), failing (every record is counted as
 * lost while upkeep tries again what was already accepted; exits to keeping), closed.
 * @internal
 */
export class DiskSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #maxFileBytes: number;
  readonly #upkeep: NodeJS.Timeout;
  #file: SpoolFile | null = null;
  #queue: string[] = [];
  #queuedChars = 0;
  #flushTimer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #isFailing = false;
  #isClosed = false;
  #lostBefore = 0;
  readonly #counts = { written: 0, lost: 0, failedWrites: 0, removedFiles: 0, removedBytes: 0 };
  #closed = { files: 0, bytes: 0 };

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#maxFileBytes = Math.max(1, Math.min(options.rotateSizeBytes, Math.floor(options.budgetBytes / 2)));
    this.#attempt(() => this.#openFile());
    this.#upkeep = setInterval(() => this.#keepUp(), options.upkeepMs ?? defaultUpkeepMs);
    this.#upkeep.unref();
  }

  get isKeeping(): boolean {
    return !this.#isFailing && !this.#isClosed;
  }

  write(record: DecisionRecord): boolean {
    const line = this.isKeeping ? recordLine(record) : null;
    if (line === null || !this.#hasRoomFor(line.length)) {
      this.#counts.lost += 1;
      return false;
    }
    this.#queue.push(line);
    this.#queuedChars += line.length;
    this.#writeSoon();
    return true;
  }

  async flush(): Promise<void> {
    // A write under way took what was queued when it began; what came since goes with the next one.
    await this.#writing;
    this.#startWriting();
    await this.#writing;
  }

  counts(): SpoolCounts {
    const { files, bytes } = this.#closed;
    return { ...this.#counts, files: files + (this.#file === null ? 0 : 1), bytes: bytes + (this.#file?.bytes ?? 0) };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#upkeep);
    await this.#writing;
    if (this.#isFailing) this.#recover();
    await this.flush();
    this.#counts.lost += this.#queue.length;
    this.#queue = [];
    const file = this.#file;
    this.#file = null;
    if (file !== null) await closeFile(file).catch((error: unknown) => this.#fail(error));
    const lost = this.#counts.lost - this.#lostBefore;
    if (lost > 0) this.#say('error', `the spool closes: ${lost} records were lost`);
  }

  /** A queue that overflows is an episode like a failed disk: something is too slow, and records are lost from here on. */
  #hasRoomFor(chars: number): boolean {
    if (this.#queuedChars + chars <= (this.#options.maxQueuedChars ?? defaultMaxQueuedChars)) return true;
    this.#fail(new TypeError('the disk is slower than the records'));
    return false;
  }

  #writeSoon(): void {
    if (this.#queuedChars >= maxBatchChars) this.#startWriting();
    else this.#flushTimer ??= setTimeout(() => this.#startWriting(), this.#options.flushDelayMs ?? defaultFlushDelayMs);
  }

  #startWriting(): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    if (this.#writing !== null || this.#queue.length === 0 || this.#isFailing) return;
    this.#writing = this.#writeQueue()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#writing = null;
        if (this.#queue.length > 0) this.#writeSoon();
      });
  }

  // What comes while the disk works waits for the next batch: writing it at once made one write, with its two thread switches, of
  // every connection.
  async #writeQueue(): Promise<void> {
    for (let left = this.#queue.length; left > 0; ) {
      const batch = this.#nextBatch();
      const lines = Buffer.from(batch.join(''));
      const file = this.#fileFor(lines.length);
      await appendLines(file, lines);
      // Taken from the queue only now: what failed is tried again, so that accepted records are written or counted.
      this.#queue.splice(0, batch.length);
      left -= batch.length;
      this.#queuedChars -= batch.reduce((sum, line) => sum + line.length, 0);
      this.#counts.written += batch.length;
    }
  }

  #nextBatch(): readonly string[] {
    let chars = 0;
    const end = this.#queue.findIndex((line) => {
      chars += line.length;
      return chars > maxBatchChars;
    });
    return this.#queue.slice(0, end === -1 ? undefined : Math.max(end, 1));
  }

  #fileFor(moreBytes: number): SpoolFile {
    this.#rotateFor(moreBytes);
    return this.#file ?? this.#openFile();
  }

  #openFile(): SpoolFile {
    const { dir, clock, rotateAgeMs } = this.#options;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const opened = openForWriting(dir, clock.now(), { maxBytes: this.#maxFileBytes, maxAgeMs: rotateAgeMs });
    this.#file = opened.file;
    if (opened.repairedBytes > 0) {
      this.#say('warn', `a last line that was cut short was removed (${opened.repairedBytes} bytes)`);
    }
    this.#makeRoom(this.#maxFileBytes - opened.file.bytes);
    return opened.file;
  }

  #rotateFor(moreBytes: number): void {
    const file = this.#file;
    if (file === null || file.bytes === 0) return;
    const isOld = this.#options.clock.now() - file.name.beganAtMs >= this.#options.rotateAgeMs;
    if (!isOld && file.bytes + moreBytes <= this.#maxFileBytes) return;
    // The new file comes first: when it cannot be made, the old one stays open and nothing is lost by that.
    this.#file = openNew(this.#options.dir, this.#options.clock.now(), file.name);
    closeFile(file).catch((error: unknown) => this.#fail(error));
    this.#makeRoom(Math.max(this.#maxFileBytes, moreBytes));
  }

  /** Room for the whole current file is made when it is begun, so that the budget holds while the file grows. */
  #makeRoom(neededBytes: number): void {
    const file = this.#file;
    const made = makeRoom(this.#options.dir, file?.name.name ?? null, this.#options.budgetBytes, neededBytes);
    this.#closed = { files: made.files - (file === null ? 0 : 1), bytes: made.bytes - (file?.bytes ?? 0) };
    this.#counts.removedFiles += made.removedFiles;
    this.#counts.removedBytes += made.removedBytes;
    if (made.removedFiles > 0) {
      this.#say(
        'warn',
        `the disk budget is reached: removed the ${made.removedFiles} oldest record files (${made.removedBytes} bytes)`,
      );
    }
    if (!made.fits) throw new TypeError('the disk budget is spent and old record files cannot be removed');
  }

  #keepUp(): void {
    if (this.#writing !== null) return;
    if (this.#isFailing) this.#recover();
    else this.#attempt(() => this.#checkFile());
  }

  #checkFile(): void {
    const file = this.#file;
    if (file === null || isLinked(file)) {
      this.#rotateFor(0);
      return;
    }
    this.#say(
      'error',
      `record file \`${file.name.name}\` was removed by somebody else while it was open: its records are gone`,
    );
    this.#file = null;
    closeFile(file).catch((error: unknown) => this.#fail(error));
    this.#openFile();
  }

  /** Tries the disk again, with what was accepted before it failed. */
  #recover(): void {
    try {
      const file = this.#file ?? this.#openFile();
      this.#makeRoom(this.#maxFileBytes - file.bytes);
      this.#rotateFor(0);
    } catch {
      // Still failing: the episode was announced when it began, and what it cost is announced when it ends.
      this.#counts.failedWrites += 1;
      return;
    }
    this.#writing = this.#writeQueue()
      .then(() => this.#endEpisode())
      .catch(() => {
        this.#counts.failedWrites += 1;
      })
      .finally(() => {
        this.#writing = null;
      });
  }

  #endEpisode(): void {
    this.#isFailing = false;
    this.#say('warn', `records are written again: ${this.#counts.lost - this.#lostBefore} were lost meanwhile`);
    this.#lostBefore = this.#counts.lost;
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The funnel for whatever the file system says no to: begins an episode, and says so once. */
  #fail(error: unknown): void {
    this.#counts.failedWrites += 1;
    if (this.#isFailing) return;
    this.#isFailing = true;
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    this.#say(
      'error',
      `records cannot be kept in \`${this.#options.dir}\` (${why}): they are counted as lost until that is mended`,
    );
  }

  #say(level: SpoolLogLine['level'], message: string): void {
    this.#options.log({ level, message });
  }
}
