import type { KeyObject } from 'node:crypto';
import type { Result } from '../base/index.ts';
import type { SnapshotRequest } from './load-worker.ts';
import type { ReadSnapshot } from './read-snapshot.ts';
import { defaultLoadTimeoutMs, runLoadWorker } from './run-load-worker.ts';
import { type SnapshotFault, type SnapshotHeader, snapshotKind } from './snapshot-format.ts';

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
  const { leastSequence = 0, checksPolicy = false, timeoutMs = defaultLoadTimeoutMs } = options;
  const request: SnapshotRequest = { path, publicKeyPem, leastSequence, checksPolicy };
  const outcome = await runLoadWorker<'snapshot', ReadSnapshot>(snapshotKind, 'load-worker', request, timeoutMs);
  return outcome.ok ? { ok: true, value: { ...outcome.value.header, policy: outcome.value.policy } } : outcome;
}
