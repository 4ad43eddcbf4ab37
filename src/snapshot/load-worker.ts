import { createPublicKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { readSnapshot } from './read-snapshot.ts';

/** What the worker is asked: the key as PEM, since a thread receives plain data. @internal */
export interface LoadRequest {
  readonly path: string;
  readonly publicKeyPem: string;
  readonly leastSequence: number;
}

// The policy travels as shared memory, so answering copies nothing.
const { path, publicKeyPem, leastSequence } = workerData as LoadRequest;
parentPort?.postMessage(readSnapshot(path, createPublicKey(publicKeyPem), leastSequence));
