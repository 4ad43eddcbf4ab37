import type { KeyObject } from 'node:crypto';
import { failed, ok, type Result } from '../base/index.ts';
import { readSignedFile, type SignedFile, trouble } from './signed-file.ts';
import { parseSnapshotHeader, type SnapshotFault, type SnapshotHeader, snapshotKind } from './snapshot-format.ts';

/** A snapshot that was read and checked. The policy lies in memory that other threads can share. */
export interface ReadSnapshot {
  readonly header: SnapshotHeader;
  readonly policy: Uint8Array<SharedArrayBuffer>;
}

/**
 * Reads a whole snapshot and checks it: layout, exact length, signature, fields, sequence. Blocks its thread; run in the worker.
 * Faults: every {@link SnapshotFault} but `snapshot_load_failed`. Never throws.
 */
export function readSnapshot(
  path: string,
  publicKey: KeyObject,
  leastSequence: number,
): Result<ReadSnapshot, SnapshotFault> {
  return readSignedFile(path, snapshotKind, publicKey, (file) => takeSnapshot(file, leastSequence));
}

function takeSnapshot({ header: json, body }: SignedFile, leastSequence: number): Result<ReadSnapshot, SnapshotFault> {
  const header = parseSnapshotHeader(json);
  if (!header.ok) return header;
  if (header.value.sequence < leastSequence) {
    const said = `has sequence ${header.value.sequence}, which is before ${leastSequence} that was accepted already`;
    return failed(trouble(snapshotKind, 'rolled_back', said));
  }
  return ok({ header: header.value, policy: body });
}
