import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** What a snapshot says of itself. `sequence` rises by one with each; `createdAtMs` is epoch milliseconds. */
export interface SnapshotHeader {
  readonly sequence: number;
  readonly policyVersion: string;
  readonly createdAtMs: number;
  /** Identities, in the policy's spelling, that were revoked beside the policy. */
  readonly revokedIdentities: readonly string[];
}

/** What can be wrong with a snapshot. */
export type SnapshotFaultCode =
  | 'snapshot_unreadable'
  | 'snapshot_malformed'
  | 'snapshot_too_large'
  | 'snapshot_signature_invalid'
  | 'snapshot_rolled_back'
  | 'snapshot_load_failed';

/** A fault of a snapshot: names the file and the mend. */
export type SnapshotFault = Fault<SnapshotFaultCode>;

/** First bytes of every snapshot. They also keep the signature from being used for anything else. */
export const snapshotMagic: Uint8Array = new TextEncoder().encode('EXEATSNP');
/** The layout that this version writes and reads. */
export const snapshotFormat = 1;
/** Bytes before the header: magic, format, length of header, length of policy. */
export const preambleBytes = 24;
/** Ed25519 (RFC 8032). */
export const signatureBytes = 64;
/** About 100,000 revoked identities; more would belong into the policy. */
export const maxHeaderBytes: number = 16 * 1024 * 1024;
/** A million rules take about 100 MB. The bound keeps a damaged length from taking the memory of the machine. */
export const maxPolicyBytes: number = 2 * 1024 * 1024 * 1024 - 1;

/** The lengths of the parts, from the preamble. */
export interface SnapshotLayout {
  readonly headerBytes: number;
  readonly policyBytes: number;
}

/** Writes the preamble and the header: what comes before the signature. */
export function encodeSnapshotHead(header: SnapshotHeader, policyBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(preambleBytes + json.length);
  head.set(snapshotMagic, 0);
  head.writeUInt32LE(snapshotFormat, 8);
  head.writeUInt32LE(json.length, 12);
  head.writeBigUInt64LE(BigInt(policyBytes), 16);
  head.set(json, preambleBytes);
  return head;
}

/** Reads the preamble. Faults: `snapshot_malformed`, `snapshot_too_large`. */
export function parsePreamble(bytes: Buffer): Result<SnapshotLayout, SnapshotFault> {
  if (bytes.length < preambleBytes || !bytes.subarray(0, 8).equals(snapshotMagic)) {
    return failed(fault('snapshot_malformed', 'is not a snapshot'));
  }
  const format = bytes.readUInt32LE(8);
  if (format !== snapshotFormat) {
    return failed(fault('snapshot_malformed', `has format \`${format}\`, this version reads ${snapshotFormat}`));
  }
  const headerBytes = bytes.readUInt32LE(12);
  const policyBytes = bytes.readBigUInt64LE(16);
  if (headerBytes > maxHeaderBytes || policyBytes > BigInt(maxPolicyBytes)) {
    return failed(fault('snapshot_too_large', 'says that it is larger than any snapshot may be'));
  }
  return ok({ headerBytes, policyBytes: Number(policyBytes) });
}

/** Reads the header. Every field is checked although it is signed: a key can sign a mistake. Faults: `snapshot_malformed`. */
export function parseSnapshotHeader(bytes: Buffer): Result<SnapshotHeader, SnapshotFault> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return failed(fault('snapshot_malformed', 'has a header that is not JSON'));
  }
  const { sequence, policyVersion, createdAtMs, revokedIdentities } = (value ?? {}) as Record<string, unknown>;
  if (!isCount(sequence) || !isCount(createdAtMs) || typeof policyVersion !== 'string' || !isTexts(revokedIdentities)) {
    return failed(fault('snapshot_malformed', 'has a header with fields missing or of the wrong kind'));
  }
  return ok({ sequence, policyVersion, createdAtMs, revokedIdentities });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
