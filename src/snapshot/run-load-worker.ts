import { Worker } from 'node:worker_threads';
import { failed, type Result } from '../base/index.ts';
import { type SignedFault, type SignedKind, trouble } from './signed-file.ts';

/** A gigabyte from a slow disk takes less. */
export const defaultLoadTimeoutMs = 60_000;

/** What a worker is asked to read: the key as PEM, since a thread receives plain data. @internal */
export interface LoadRequest {
  readonly path: string;
  readonly publicKeyPem: string;
  readonly leastSequence: number;
}

/**
 * Has a worker thread of this folder (`load-worker`, `grants-worker`) read and check a signed file, so that decisions go on meanwhile.
 * Never rejects. Faults: those of the worker, `…_load_failed`.
 */
export function runLoadWorker<W extends string, T>(
  kind: SignedKind<W>,
  worker: string,
  request: LoadRequest,
  timeoutMs: number,
): Promise<Result<T, SignedFault<W>>> {
  // The sources run as .ts and the package as .js; the worker lies beside this file in both.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./${worker}.${extension}`, import.meta.url), { workerData: request });
  const loadFailed = (why: string): Result<T, SignedFault<W>> => {
    const says = `${kind.word} \`${request.path}\` could not be loaded (${why}): the last good one stays`;
    return failed(trouble(kind, 'load_failed', says));
  };
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(loadFailed(`it took more than ${timeoutMs} ms`));
      // A worker that hangs in the file system ends when that does; nothing waits for it.
      void thread.terminate();
    }, timeoutMs);
    thread.once('message', (outcome: Result<T, SignedFault<W>>) => resolve(outcome));
    thread.once('error', (error) => resolve(loadFailed(error.message)));
    thread.once('exit', () => {
      clearTimeout(timer);
      resolve(loadFailed('the worker ended without an answer'));
    });
  });
}
