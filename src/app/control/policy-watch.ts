import { type FSWatcher, watch } from 'node:fs';
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Result } from '../../base/index.ts';
import { entryBeside } from '../front/index.ts';
import type { Logger } from '../logger.ts';
import type {
  FromPolicyWorker,
  PolicyChangeNotice,
  PolicyOutcome,
  PolicyQuestion,
  PolicyWorkerData,
  ToPolicyWorker,
} from './policy-outcome.ts';
import { createQuestions } from './policy-questions.ts';

/** Looks at the policy folder: when told, when the kernel says so, and every few seconds. */
export interface PolicyWatch {
  /** Looks now, or right after the look that is under way. `isForced` writes a snapshot even if nothing changed. */
  look(isForced: boolean): void;
  /** Asks the worker that holds the policies. Faults: those of the answer; `policy_busy` when it does not come in time. */
  ask<T>(question: PolicyQuestion): Promise<Result<T>>;
  close(): Promise<void>;
}

/** What to watch. */
export interface PolicyWatchOptions extends PolicyWorkerData {
  readonly logger: Logger;
  readonly onOutcome: (outcome: PolicyOutcome) => void;
  /** Asked before a changed policy is put in force: null lets it, a line says why not. */
  readonly onChange: (change: PolicyChangeNotice) => Promise<string | null>;
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
  let waiting: { readonly isForced: boolean } | null = null;
  const questions = createQuestions();
  let isClosed = false;

  const begin = (): Worker => {
    const made = new Worker(entryBeside(import.meta.url, 'policy-worker'), {
      workerData: { policy: options.policy, state: options.state } satisfies PolicyWorkerData,
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(totalmem() / 2 ** 20 / 2) },
    });
    const tell = (message: ToPolicyWorker): void => made.postMessage(message);
    made.on('message', (said: FromPolicyWorker) => {
      if (said.kind === 'answer') questions.answered(said.id, said.answer);
      if (said.kind === 'change') void letGo(options, said.change).then((refusal) => tell({ kind: 'go', refusal }));
      if (said.kind !== 'outcome') return;
      isBusy = false;
      options.onOutcome(said.outcome);
      askWaiting();
    });
    made.on('error', (error) => {
      const lines = [`the policy could not be compiled (${error.message}), it is tried again`];
      options.onOutcome({ kind: 'refused', lines, faultCount: 1 });
    });
    made.on('exit', () => {
      worker = null;
      isBusy = false;
      questions.failAll();
      // What it was looking at is looked at again, forced: nobody knows how far it came.
      if (!isClosed) setTimeout(() => look(true), reviveMs).unref();
    });
    return made;
  };
  const askWaiting = (): void => {
    if (waiting === null || isBusy || isClosed) return;
    worker ??= begin();
    isBusy = true;
    worker.postMessage({ kind: 'look', ...waiting } satisfies ToPolicyWorker);
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
    ask: <T>(question: PolicyQuestion) => {
      worker ??= begin();
      const to = worker;
      return questions.ask<T>((id) => to.postMessage({ kind: 'question', id, question } satisfies ToPolicyWorker));
    },
    close: async () => {
      isClosed = true;
      questions.failAll();
      clearInterval(poll);
      folder.close();
      await worker?.terminate();
    },
  };
}

// A failure of ours in noting the change is a refusal: nothing takes effect that was not written down.
async function letGo({ onChange }: PolicyWatchOptions, change: PolicyChangeNotice): Promise<string | null> {
  try {
    return await onChange(change);
  } catch (error) {
    return `the change could not be noted (${(error as Error).message}), it is tried again`;
  }
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
