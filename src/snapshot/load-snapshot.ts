import type { KeyObject } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { failed, fault, type Result } from '../base/index.ts';
import type { LoadRequest } from './load-worker.ts';
import type { ReadSnapshot } from './read-snapshot.ts';
import type { SnapshotFault, SnapshotHeader } from './snapshot-format.ts';

/** A snapshot as a point uses it. `policy` is for `openPolicy`; it is shared memory and nobody writes it. */
export interface LoadedSnapshot extends SnapshotHeader {
  readonly policy: Uint8Array<SharedArrayBuffer>;
}

/** How to load. */
export interface LoadSnapshotOptions {
  /** The sequence of the last snapshot that was accepted; an older one is refused, so that nobody brings back a past policy. Default: 0. */
  readonly leastSequence?: number;
  /**
   * Whether the worker also reads every word of the compiled policy, so that the caller may open it by its header alone.
   * Default: false.
   */
  readonly checksPolicy?: boolean;
  /** How long the worker may take, in milliseconds; past it the load is a fault. Default: 60,000. */
  readonly timeoutMs?: number;
}

/** A gigabyte from a slow disk takes less. */
const defaultTimeoutMs = 60_000;

/**
 * Reads and checks a snapshot in a worker thread, so that decisions go on meanwhile. Never rejects.
 * Faults: every {@link SnapshotFault}; the caller keeps the snapshot that it has.
 */
export async function loadSnapshot(
  path: string,
  publicKey: KeyObject,
  options: LoadSnapshotOptions = {},
): Promise<Result<LoadedSnapshot, SnapshotFault>> {
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const { leastSequence = 0, checksPolicy = false } = options;
  const request: LoadRequest = { path, publicKeyPem, leastSequence, checksPolicy };
  const outcome = await runWorker(request, options.timeoutMs ?? defaultTimeoutMs);
  return outcome.ok ? { ok: true, value: { ...outcome.value.header, policy: outcome.value.policy } } : outcome;
}

function runWorker(request: LoadRequest, timeoutMs: number): Promise<Result<ReadSnapshot, SnapshotFault>> {
  // The sources run as .ts and the package as .js; the worker lies beside this file in both.
  const worker = new Worker(
    new URL(import.meta.url.endsWith('.ts') ? './load-worker.ts' : './load-worker.js', import.meta.url),
    {
      workerData: request,
    },
  );
  const loadFailed = (why: string): Result<ReadSnapshot, SnapshotFault> =>
    failed(
      fault(
        'snapshot_load_failed',
        `snapshot \`${request.path}\` could not be loaded (${why}): the last good one stays`,
      ),
    );
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(loadFailed(`it took more than ${timeoutMs} ms`));
      // A worker that hangs in the file system ends when that does; nothing waits for it.
      void worker.terminate();
    }, timeoutMs);
    worker.once('message', (outcome: Result<ReadSnapshot, SnapshotFault>) => resolve(outcome));
    worker.once('error', (error) => resolve(loadFailed(error.message)));
    worker.once('exit', () => {
      clearTimeout(timer);
      resolve(loadFailed('the worker ended without an answer'));
    });
  });
}
