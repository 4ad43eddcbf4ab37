import { createPublicKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { failed, type Result } from '../base/index.ts';
import { verifyPolicyBuffer } from '../policy/index.ts';
import { type ReadSnapshot, readSnapshot } from './read-snapshot.ts';
import type { LoadRequest } from './run-load-worker.ts';
import { trouble } from './signed-file.ts';
import { type SnapshotFault, snapshotKind } from './snapshot-format.ts';

/** What the worker is asked. @internal */
export interface SnapshotRequest extends LoadRequest {
  readonly checksPolicy: boolean;
}

// The policy travels as shared memory, so answering copies nothing.
const { path, publicKeyPem, leastSequence, checksPolicy } = workerData as SnapshotRequest;
const read = readSnapshot(path, createPublicKey(publicKeyPem), leastSequence);
parentPort?.postMessage(checksPolicy && read.ok ? checkPolicy(read.value) : read);

// Reading every word of a million rules takes tens of milliseconds, which decisions must not wait for.
function checkPolicy(snapshot: ReadSnapshot): Result<ReadSnapshot, SnapshotFault> {
  const damage = verifyPolicyBuffer(snapshot.policy);
  if (damage === null) return { ok: true, value: snapshot };
  return failed(trouble(snapshotKind, 'malformed', `snapshot \`${path}\` holds no policy of this version (${damage})`));
}
