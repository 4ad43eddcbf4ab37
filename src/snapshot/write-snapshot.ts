import { createHash, type KeyObject, sign } from 'node:crypto';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { replaceFile } from './replace-file.ts';
import {
  encodeSnapshotHead,
  maxHeaderBytes,
  maxPolicyBytes,
  type SnapshotFault,
  type SnapshotHeader,
} from './snapshot-format.ts';

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
export async function writeSnapshot(options: WriteSnapshotOptions): Promise<Result<number, SnapshotFault>> {
  const { path, policy, header, signingKey } = options;
  const head = encodeSnapshotHead(header, policy.length);
  if (head.length > maxHeaderBytes || policy.length > maxPolicyBytes) {
    return failed(
      fault('snapshot_too_large', `snapshot \`${path}\` would be larger than a point reads, split the policy`),
    );
  }
  const signature = sign(null, signedBytes(head, policyDigest(policy)), signingKey);
  try {
    await replaceFile(path, [head, signature, policy]);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return failed(
      fault(
        'snapshot_unreadable',
        `snapshot \`${path}\` cannot be written (${code}), mend its folder or free the disk`,
      ),
    );
  }
  return ok(head.length + signature.length + policy.length);
}

/** What the signature covers. @internal */
export function signedBytes(head: Uint8Array, digest: Uint8Array): Buffer {
  return Buffer.concat([head, digest]);
}

function policyDigest(policy: Uint8Array): Buffer {
  return createHash('sha256').update(policy).digest();
}
