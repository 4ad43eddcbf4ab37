import { type Clock, failed, fault, ok, type Result } from '../../../base/index.ts';
import {
  createTrafficFold,
  type TrafficAddition,
  type TrafficFold,
  type TrafficOfSpan,
  type TrafficStore,
} from '../../../flowmap/traffic/index.ts';
import type { DecisionRecord } from '../../../policy/index.ts';
import { readSpool, type SpoolCursor } from '../../../spool/index.ts';
import { isDamaged, openTrafficStore, removeTrafficFile } from '../../../store/index.ts';
import type { Logger } from '../../logger.ts';
import { createRecentTraffic, type RecentTraffic } from './recent-traffic.ts';

/** Follows the spool and keeps sums of traffic over time. */
export interface TrafficKeeper {
  /** Settles when everything that was on disk at the call has been counted. */
  caughtUp(): Promise<void>;
  /** The traffic between two instants (epoch milliseconds). Fault: `flow_map_unavailable`. */
  traffic(sinceMs: number, untilMs: number): Result<TrafficOfSpan>;
  /** What goes out now, of what was counted since it was opened. */
  readonly recent: Pick<RecentTraffic, 'tell'>;
  close(): Promise<void>;
}

/** What following needs. */
export interface TrafficKeeperOptions {
  readonly spool: string;
  /** The file of the sums; made where there is none. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const followMs = 500;
const pruneMs = 3_600_000;
// A transaction of a few milliseconds; a kill takes no more than is read again in that time.
const recordsPerCommit = 2_000;

/** A store with the fold that goes on where it stands. */
interface Counting {
  readonly store: TrafficStore;
  readonly fold: TrafficFold;
  cursor: SpoolCursor | null;
}

/**
 * Counts the records of `spool` into the file at `path`. Each counts once: sums, flows under way and the place in the records are one
 * transaction. A file that is no good is made anew from the records; where the disk fails, counting goes on from what is kept.
 */
export function keepTraffic(options: TrafficKeeperOptions): TrafficKeeper {
  const counter = new TrafficCounter(options);
  let waiting = 0;
  let turn: Promise<void> = Promise.resolve();
  const caughtUp = (): Promise<void> => {
    waiting += 1;
    turn = turn
      .then(() => counter.catchUp())
      .finally(() => {
        waiting -= 1;
      });
    return turn;
  };
  const timers = [
    // A long history is read once, not once a tick.
    setInterval(() => waiting === 0 && void caughtUp(), followMs),
    setInterval(() => counter.prune(), pruneMs),
  ];
  return {
    caughtUp,
    traffic: (sinceMs, untilMs) => counter.traffic(sinceMs, untilMs),
    recent: counter.recent,
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      counter.stop();
      await turn;
      counter.close();
    },
  };
}

class TrafficCounter {
  readonly recent: RecentTraffic;
  readonly #options: TrafficKeeperOptions;
  #counting: Counting | null = null;
  #isFailing = false;
  #isStopped = false;

  constructor(options: TrafficKeeperOptions) {
    this.#options = options;
    this.recent = createRecentTraffic(options.clock.now());
  }

  async catchUp(): Promise<void> {
    if (this.#isStopped) return;
    try {
      await this.#countRecords(this.#counting ?? this.#open());
      this.#isFailing = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  traffic(sinceMs: number, untilMs: number): Result<TrafficOfSpan> {
    try {
      return ok((this.#counting ?? this.#open()).store.traffic(sinceMs, untilMs, this.#options.clock.now()));
    } catch (error) {
      this.#fail(error);
      const says = `\`${this.#options.path}\` cannot be read (${(error as Error).message})`;
      return failed(fault('flow_map_unavailable', `${says}, it needs space and rights in the folder of \`state:\``));
    }
  }

  prune(): void {
    try {
      this.#counting?.store.prune(this.#options.clock.now());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends after the record that is being counted. */
  stop(): void {
    this.#isStopped = true;
  }

  close(): void {
    const store = this.#counting?.store;
    this.#counting = null;
    try {
      store?.close();
    } catch {
      // A file that failed may fail to close, too.
    }
  }

  #open(): Counting {
    const store = openTrafficStore(this.#options.path);
    this.#counting = { store, fold: createTrafficFold(store.openFlows()), cursor: store.position() };
    return this.#counting;
  }

  // Sums that did not hold are in no memory either: what comes next begins from what the file says.
  #fail(error: unknown): void {
    const { logger, path } = this.#options;
    const cause = (error as Error).message;
    if (!this.#isFailing) logger.error('traffic cannot be counted, it is tried again', { path, cause });
    this.#isFailing = true;
    this.close();
    // Nothing is lost by it but time: what it held is counted again from the records.
    if (isDamaged(error)) removeTrafficFile(path);
  }

  async #countRecords(counting: Counting): Promise<void> {
    const { spool, logger } = this.#options;
    const onGap = (gap: object): void => logger.warn('records are missing from the flow map', { ...gap });
    let batch: TrafficAddition[] = [];
    let count = 0;
    let read: SpoolCursor | null = null;
    for await (const { record, cursor } of readSpool(spool, counting.cursor, { onGap })) {
      batch.push(...takeSafely(counting.fold, record));
      read = cursor;
      count += 1;
      if (count % recordsPerCommit === 0) {
        this.#commit(counting, batch, cursor);
        batch = [];
        read = null;
      }
      if (this.#isStopped) break;
    }
    if (read !== null) this.#commit(counting, batch, read);
  }

  #commit(counting: Counting, additions: readonly TrafficAddition[], position: SpoolCursor): void {
    // Somebody who asked meanwhile found the file no good: it is begun anew.
    if (this.#counting !== counting) throw new Error('the file was closed while records were counted');
    const nowMs = this.#options.clock.now();
    counting.store.commit({ additions, ...counting.fold.takeChanges(), position, nowMs });
    counting.cursor = position;
    for (const addition of additions) this.recent.take(addition);
  }
}

// The spool checks few fields of a record; one that somebody edited must not stop the count of all others.
function takeSafely(fold: TrafficFold, record: DecisionRecord): readonly TrafficAddition[] {
  try {
    return fold.take(record);
  } catch {
    return [];
  }
}
