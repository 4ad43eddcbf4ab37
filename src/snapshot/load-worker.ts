import { createPublicKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { failed, fault, type Result } from '../base/index.ts';
import { verifyPolicyBuffer } from '../policy/index.ts';
import { type ReadSnapshot, readSnapshot } from './read-snapshot.ts';
import type { SnapshotFault } from './snapshot-format.ts';

/** What the worker is asked: the key as PEM, since a thread receives plain data. @internal */
export interface LoadRequest {
  readonly path: string;
  readonly publicKeyPem: string;
  readonly leastSequence: number;
  readonly checksPolicy: boolean;
}

// The policy travels as shared memory, so answering copies nothing.
const { path, publicKeyPem, leastSequence, checksPolicy } = workerData as LoadRequest;
const read = readSnapshot(path, createPublicKey(publicKeyPem), leastSequence);
parentPort?.postMessage(checksPolicy && read.ok ? checkPolicy(read.value) : read);

// Reading every word of a million rules takes tens of milliseconds, which decisions must not wait for.
function checkPolicy(snapshot: ReadSnapshot): Result<ReadSnapshot, SnapshotFault> {
  const damage = verifyPolicyBuffer(snapshot.policy);
  if (damage === null) return { ok: true, value: snapshot };
  return failed(fault('snapshot_malformed', `snapshot \`${path}\` holds no policy of this version (${damage})`));
}
