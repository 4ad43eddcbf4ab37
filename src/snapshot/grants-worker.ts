import { createPublicKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { readGrants } from './read-grants.ts';
import type { LoadRequest } from './run-load-worker.ts';

// The body travels as shared memory: a hundred thousand grants as objects would take the main thread longer to receive than to read.
const { path, publicKeyPem, leastSequence } = workerData as LoadRequest;
parentPort?.postMessage(readGrants(path, createPublicKey(publicKeyPem), leastSequence));
