import type { KeyObject } from 'node:crypto';
import type { Result } from '../base/index.ts';
import { writeSignedFile } from './signed-file.ts';
import { type SnapshotFault, type SnapshotHeader, snapshotKind } from './snapshot-format.ts';

/** What to write, and where. `signingKey` is Ed25519. */
export interface WriteSnapshotOptions {
  readonly path: string;
  readonly policy: Uint8Array;
  readonly header: SnapshotHeader;
  readonly signingKey: KeyObject;
}

/**
 * Writes a signed snapshot in the place of the last one, and gives its length in bytes.
 * Faults: `snapshot_too_large`, `snapshot_unreadable` (with the system's code).
 */
export function writeSnapshot(options: WriteSnapshotOptions): Promise<Result<number, SnapshotFault>> {
  const { policy, ...file } = options;
  return writeSignedFile(snapshotKind, { ...file, body: policy }, 'split the policy');
}
