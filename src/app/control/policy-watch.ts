import { type FSWatcher, watch } from 'node:fs';
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import { entryBeside } from '../entry-beside.ts';
import type { Logger } from '../logger.ts';
import type { PolicyOutcome, PolicyWorkerAsk, PolicyWorkerData } from './policy-outcome.ts';

/** Looks at the policy folder: when told, when the kernel says so, and every few seconds. */
export interface PolicyWatch {
  /** Looks now, or right after the look that is under way. `isForced` writes a snapshot even if nothing changed. */
  look(isForced: boolean): void;
  close(): Promise<void>;
}

/** What to watch. */
export interface PolicyWatchOptions extends PolicyWorkerData {
  readonly logger: Logger;
  readonly onOutcome: (outcome: PolicyOutcome) => void;
}

// Editors and git write several files in a row; looking once after the last of them is enough.
const settleMs = 100;
// The kernel's notices may be lost (network file systems, bind mounts), so files are compared now and then as well.
const pollMs = 2_000;
// A worker that died is made anew, without a busy loop. Its heap is bounded by half of the machine: the nodes of a million rules
// take some gigabytes, and a policy that needs more must not take the point down with it.
const reviveMs = 5_000;

/** Starts a worker and watches the folder. One look at a time; what arrives meanwhile becomes one more look. */
export function watchPolicy(options: PolicyWatchOptions): PolicyWatch {
  let worker: Worker | null = null;
  let isBusy = false;
  let waiting: PolicyWorkerAsk | null = null;
  let isClosed = false;

  const begin = (): Worker => {
    const made = new Worker(entryBeside(import.meta.url, 'policy-worker'), {
      workerData: { policy: options.policy, state: options.state } satisfies PolicyWorkerData,
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(totalmem() / 2 ** 20 / 2) },
    });
    made.on('message', (outcome: PolicyOutcome) => {
      isBusy = false;
      options.onOutcome(outcome);
      askWaiting();
    });
    made.on('error', (error) => {
      const lines = [`the policy could not be compiled (${error.message}), it is tried again`];
      options.onOutcome({ kind: 'refused', lines, faultCount: 1 });
    });
    made.on('exit', () => {
      worker = null;
      isBusy = false;
      // What it was looking at is looked at again, forced: nobody knows how far it came.
      if (!isClosed) setTimeout(() => look(true), reviveMs).unref();
    });
    return made;
  };
  const askWaiting = (): void => {
    if (waiting === null || isBusy || isClosed) return;
    worker ??= begin();
    isBusy = true;
    worker.postMessage(waiting);
    waiting = null;
  };
  const look = (isForced: boolean): void => {
    waiting = { isForced: isForced || waiting?.isForced === true };
    askWaiting();
  };

  const folder = watchFolder(options.policy, () => look(false));
  const poll = setInterval(() => look(false), pollMs);
  return {
    look,
    close: async () => {
      isClosed = true;
      clearInterval(poll);
      folder.close();
      await worker?.terminate();
    },
  };
}

function watchFolder(path: string, onChange: () => void): { close(): void } {
  let timer: NodeJS.Timeout | null = null;
  let watcher: FSWatcher | null = null;
  try {
    watcher = watch(path, { recursive: true, persistent: false }, () => {
      timer ??= setTimeout(() => {
        timer = null;
        onChange();
      }, settleMs);
    });
    // A folder that goes away is found by the poll.
    watcher.on('error', () => watcher?.close());
  } catch {
    watcher = null;
  }
  return {
    close: () => {
      watcher?.close();
      if (timer !== null) clearTimeout(timer);
    },
  };
}
