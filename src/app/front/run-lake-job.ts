import { fork } from 'node:child_process';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { entryBeside } from './entry-beside.ts';
import type { FromLake, LakeOrder, LakeProgress } from './lake-messages.ts';

/** V8 heap of the lake process in MiB: it works in typed arrays and in the database, which has a bound of its own. */
const heapMb = 1536;

/** Where a job's progress goes. */
export interface LakeJobOptions {
  readonly onProgress: (progress: LakeProgress) => void;
}

/**
 * Runs a job in a process of its own, so that reading gigabytes can neither slow nor end anything else. Its standard input is ours.
 * Faults: the job's own; `lake_ended` where the process ended without an answer (killed, out of memory).
 */
export function runLakeJob<T>(order: LakeOrder, options: LakeJobOptions): Promise<Result<T>> {
  const entry = entryBeside(import.meta.url, '../lake-process');
  const child = fork(entry, [], {
    execArgv: [`--max-old-space-size=${heapMb}`],
    // Threads of the database and of reading would each keep an arena of freed memory (mallopt(3)).
    env: { MALLOC_ARENA_MAX: '2', ...process.env },
    serialization: 'advanced',
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve) => {
    let answer: Result<T> | null = null;
    child.on('message', (message: FromLake) => {
      if (message.kind === 'progress') options.onProgress(message.progress);
      else answer = message.kind === 'done' ? ok(message.value as T) : failed(message.fault);
    });
    child.on('error', (error) => resolve(failed(endedBy(error.message))));
    child.on('exit', (code, signal) => resolve(answer ?? failed(endedBy(signal ?? `exit code ${code}`))));
    child.send(order);
  });
}

function endedBy(why: string): Fault {
  return fault('lake_ended', `the process that reads the flow lake ended early (${why})`);
}
