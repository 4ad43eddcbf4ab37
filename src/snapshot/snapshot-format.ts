import { failed, ok, type Result } from '../base/index.ts';
import { type SignedFault, type SignedKind, trouble } from './signed-file.ts';

/** What a snapshot says of itself. `sequence` rises by one with each; `createdAtMs` is epoch milliseconds. */
export interface SnapshotHeader {
  readonly sequence: number;
  readonly policyVersion: string;
  readonly createdAtMs: number;
  /** Identities, in the policy's spelling, that were revoked beside the policy. */
  readonly revokedIdentities: readonly string[];
}

/** A fault of a snapshot: names the file and the mend. */
export type SnapshotFault = SignedFault<'snapshot'>;

/** Snapshots as signed files: the body is the compiled policy. */
export const snapshotKind: SignedKind<'snapshot'> = {
  word: 'snapshot',
  magic: new TextEncoder().encode('EXEATSNP'),
  // About 100,000 revoked identities; more would belong into the policy.
  maxHeaderBytes: 16 * 1024 * 1024,
  // A million rules take about 100 MB.
  maxBodyBytes: 2 * 1024 * 1024 * 1024 - 1,
};

/** Reads the header. Every field is checked although it is signed: a key can sign a mistake. Faults: `snapshot_malformed`. */
export function parseSnapshotHeader(bytes: Buffer): Result<SnapshotHeader, SnapshotFault> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return failed(trouble(snapshotKind, 'malformed', 'has a header that is not JSON'));
  }
  const { sequence, policyVersion, createdAtMs, revokedIdentities } = (value ?? {}) as Record<string, unknown>;
  if (!isCount(sequence) || !isCount(createdAtMs) || typeof policyVersion !== 'string' || !isTexts(revokedIdentities)) {
    return failed(trouble(snapshotKind, 'malformed', 'has a header with fields missing or of the wrong kind'));
  }
  return ok({ sequence, policyVersion, createdAtMs, revokedIdentities });
}

/** Whether a value is a whole number that is not negative. @internal */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether a value is a list of texts. @internal */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
