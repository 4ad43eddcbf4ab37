import type { Clock, Fault, Result } from '../../../base/index.ts';
import type { LeaseSourceConfig } from '../../../config/index.ts';
import type { Logger } from '../../logger.ts';
import { createLeaseFetcher, shownUrl } from './fetch-leases.ts';
import type { Lease } from './lease.ts';
import { type LeaseBounds, type ParsedLeases, parseLeases } from './parse-leases.ts';
import { printOfLeaseFile, readLeaseFile } from './read-lease-file.ts';

/** One configured source at work. What it said last and well counts until it says something else, or its leases end. */
export interface LeaseSource {
  readonly name: string;
  /** Its path or URL, as it is shown. */
  readonly from: string;
  state(): LeaseSourceState;
  /** Looks once more now; gives when that is done. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** How it stands. Times are epoch milliseconds. */
export interface LeaseSourceState {
  /** When it was had well last, a file when it was written; null: never. */
  readonly goodAt: number | null;
  /** Entries of its last good document that must not count, and why the first. */
  readonly refused: number;
  readonly firstRefused: string | null;
  readonly problem: string | null;
}

/** What a source works with. `bounds` is asked for each document. */
export interface LeaseSourceParts {
  readonly config: LeaseSourceConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bounds: () => LeaseBounds;
  readonly take: (leases: readonly Lease[]) => Promise<void>;
}

/** A look at what a source has: null where that is as it was. */
interface LeaseReader {
  readonly everyMs: number;
  read(): Promise<Result<ReadLeases | null, Fault>>;
  /** What was read last was good. */
  keep(): void;
  close(): Promise<void>;
}

interface ReadLeases {
  readonly text: string;
  readonly writtenAt: number | null;
}

const fileEveryMs = 1_000;
const staleAfterTimes = 10;
const leastStaleMs = 60_000;

/** Begins to follow a source. */
export function openLeaseSource(parts: LeaseSourceParts): LeaseSource {
  return new FollowedSource(parts);
}

class FollowedSource implements LeaseSource {
  readonly name: string;
  readonly from: string;
  readonly #parts: LeaseSourceParts;
  readonly #reader: LeaseReader;
  #parsed: ParsedLeases | null = null;
  #goodAt: number | null = null;
  #fault: Fault | null = null;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(parts: LeaseSourceParts) {
    this.#parts = parts;
    this.name = parts.config.name;
    this.from = parts.config.file ?? shownUrl(parts.config.url ?? '');
    this.#reader = createReader(parts.config);
    this.#later(0);
  }

  state(): LeaseSourceState {
    const { refused = 0, firstRefused = null } = this.#parsed ?? {};
    return { goodAt: this.#goodAt, refused, firstRefused, problem: this.#fault?.message ?? this.#stale() };
  }

  look(): Promise<void> {
    this.#running ??= this.#lookOnce().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#reader.close();
    await this.#running;
  }

  #later(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.look().finally(() => this.#later(this.#reader.everyMs)), ms);
    this.#timer.unref();
  }

  async #lookOnce(): Promise<void> {
    const read = await this.#reader.read();
    if (this.#isClosed) return;
    if (!read.ok) return this.#note(read.fault);
    const { clock, logger, take, bounds } = this.#parts;
    if (read.value === null) {
      // A file that was bad and is as it was is bad still; a URL says by this that what we have is good.
      if (this.#parts.config.url !== null) this.#goodAt = clock.now();
      if (this.#fault?.code === 'leases_unreachable') this.#note(null);
      return;
    }
    const parsed = await parseLeases(read.value.text, bounds());
    if (!parsed.ok) return this.#note(parsed.fault);
    this.#reader.keep();
    this.#parsed = parsed.value;
    this.#goodAt = read.value.writtenAt ?? clock.now();
    this.#note(null);
    const { leases, refused, firstRefused } = parsed.value;
    if (refused > 0)
      logger.warn('leases of a source do not count', { source: this.name, refused, first: firstRefused });
    logger.info('leases of a source were read', { source: this.name, leases: leases.length });
    await take(leases);
  }

  #note(fault: Fault | null): void {
    if (fault !== null && fault.message !== this.#fault?.message) {
      const { logger } = this.#parts;
      logger.error('leases were not read, the last good ones stay', { source: this.name, cause: fault.message });
    }
    this.#fault = fault;
  }

  #stale(): string | null {
    const { config, clock } = this.#parts;
    const byUrl = Math.max(config.everyMs * staleAfterTimes, leastStaleMs);
    const most = config.staleAfterMs ?? (config.url === null ? Number.POSITIVE_INFINITY : byUrl);
    if (this.#goodAt === null || clock.now() - this.#goodAt <= most) return null;
    return `its last good word is of ${new Date(this.#goodAt).toISOString()}`;
  }
}

function createReader({ file, url, everyMs, authorities, token }: LeaseSourceConfig): LeaseReader {
  if (file !== null) return createFileReader(file);
  const fetcher = createLeaseFetcher({ url: url ?? '', authorities, token });
  return {
    everyMs,
    read: async () => {
      const text = await fetcher.fetch();
      if (!text.ok) return text;
      return { ok: true, value: text.value === null ? null : { text: text.value, writtenAt: null } };
    },
    keep: () => fetcher.keep(),
    close: () => fetcher.close(),
  };
}

function createFileReader(path: string): LeaseReader {
  let seen = '';
  return {
    everyMs: fileEveryMs,
    read: async () => {
      const print = await printOfLeaseFile(path);
      if (print === seen) return { ok: true, value: null };
      const read = await readLeaseFile(path);
      seen = print;
      return read;
    },
    keep: () => undefined,
    close: async () => undefined,
  };
}
