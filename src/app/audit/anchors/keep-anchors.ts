import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../base/index.ts';
import type { Logger } from '../../logger.ts';
import type { WrittenCheckpoint } from '../tile-writer.ts';
import type { Anchor } from './anchor.ts';

/** How an anchor is. `sentCount` is the size of the last checkpoint that it took; `lastError` is null while it takes them. */
export interface AnchorStatus {
  readonly name: string;
  readonly sentCount: number | null;
  readonly lastSuccessAtMs: number | null;
  readonly lastError: string | null;
  /** Attempts that failed since the last one that did not. */
  readonly failures: number;
  /** Whether a checkpoint waits to be sent. */
  readonly isBehind: boolean;
}

/** Sends checkpoints to anchors, without ever holding up who signs them. */
export interface AnchorKeeper {
  /** Hands a checkpoint on; returns at once. */
  publish(checkpoint: Checkpoint): void;
  status(): readonly AnchorStatus[];
  /** Ends what is under way, and sends nothing more. */
  close(): Promise<void>;
}

/** How anchors are tried. */
export interface AnchorKeeperOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Wait after the first attempt that failed, in milliseconds; it doubles with each one more. Default: 1,000. */
  readonly firstRetryMs?: number;
  /** The longest wait between attempts, in milliseconds. Default: 60,000. */
  readonly maxRetryMs?: number;
  /** The longest that one attempt may take, in milliseconds; then it failed. Default: 10,000. */
  readonly attemptMs?: number;
}

/**
 * Keeps anchors supplied. Each has one attempt under way at most and one checkpoint waiting, the newest: a log that fits the newest fits the
 * ones before it, so that an outage of any length costs no memory. Trying never ends.
 */
export function keepAnchors(anchors: readonly Anchor[], options: AnchorKeeperOptions): AnchorKeeper {
  const kept = anchors.map((anchor) => keepAnchor(anchor, options));
  return {
    publish: (checkpoint) => {
      for (const one of kept) one.publish(checkpoint);
    },
    status: () => kept.map((one) => one.status()),
    close: async () => {
      await Promise.all(kept.map((one) => one.close()));
    },
  };
}

type Checkpoint = Pick<WrittenCheckpoint, 'size' | 'note'>;

interface KeptAnchor {
  publish(checkpoint: Checkpoint): void;
  status(): AnchorStatus;
  close(): Promise<void>;
}

/** An attempt heeds the end at once, but for a write that hangs in the kernel: that one is left behind. */
const maxCloseMs = 500;

type Told = Omit<AnchorStatus, 'name' | 'isBehind'>;

/** States: idle (nothing waits), sending (one attempt), waiting (the timer of the next attempt); closed ends all three. */
function keepAnchor(anchor: Anchor, options: AnchorKeeperOptions): KeptAnchor {
  const { firstRetryMs = 1_000, maxRetryMs = 60_000, attemptMs = 10_000 } = options;
  const ended = new AbortController();
  const tell = createTeller(anchor, options);
  let waiting: Checkpoint | null = null;
  let sending: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;

  const attempt = async (checkpoint: Checkpoint): Promise<void> => {
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(attemptMs)]);
    const sent = anchor.send(checkpoint.note, signal);
    try {
      await withinTime(sent, signal);
      if (waiting === checkpoint) waiting = null;
      tell.taken(checkpoint);
    } catch (error) {
      if (ended.signal.aborted) return;
      tell.refused(error);
      // An attempt that hangs (a share that is gone) keeps its place: another one beside it would hang as well.
      await sent.catch(() => undefined);
    }
  };
  const go = (): void => {
    if (sending !== null || timer !== null || waiting === null || ended.signal.aborted) return;
    sending = attempt(waiting).finally(() => {
      sending = null;
      const { failures } = tell.told();
      if (failures === 0) go();
      else if (!ended.signal.aborted) rest(Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 20)));
    });
  };
  const rest = (waitMs: number): void => {
    timer = setTimeout(() => {
      timer = null;
      go();
    }, waitMs);
    timer.unref();
  };
  return {
    publish: (checkpoint) => {
      waiting = checkpoint;
      go();
    },
    status: () => ({ name: anchor.name, ...tell.told(), isBehind: waiting !== null }),
    close: async () => {
      ended.abort();
      if (timer !== null) clearTimeout(timer);
      await Promise.race([sending, sleep(maxCloseMs, undefined, { ref: false })]);
    },
  };
}

interface Teller {
  told(): Told;
  taken(checkpoint: Checkpoint): void;
  refused(error: unknown): void;
}

/** Remembers how an anchor is, and logs where that changes: once an episode, for an anchor may be away for days. */
function createTeller({ name }: Anchor, { clock, logger }: AnchorKeeperOptions): Teller {
  let told: Told = { sentCount: null, lastSuccessAtMs: null, lastError: null, failures: 0 };
  return {
    told: () => told,
    taken: ({ size }) => {
      if (told.lastError !== null) logger.info('an anchor takes checkpoints again', { anchor: name });
      told = { sentCount: size, lastSuccessAtMs: clock.now(), lastError: null, failures: 0 };
    },
    refused: (error) => {
      const lastError = ((error as NodeJS.ErrnoException).code ?? (error as Error).message).slice(0, 200);
      if (told.lastError === null) {
        logger.warn('an anchor did not take a checkpoint, it is tried again', { anchor: name, why: lastError });
      }
      told = { ...told, lastError, failures: told.failures + 1 };
    },
  };
}

/** Waits for an attempt, and rejects when the signal aborts, whatever the attempt does. */
function withinTime(sent: Promise<void>, signal: AbortSignal): Promise<void> {
  const late = untilAborted(signal).then(() => {
    throw new TypeError('no answer in time');
  });
  return Promise.race([sent, late]);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
