import { createHash, type KeyObject, verify } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../base/index.ts';
import {
  parsePreamble,
  parseSnapshotHeader,
  preambleBytes,
  type SnapshotFault,
  type SnapshotHeader,
  type SnapshotLayout,
  signatureBytes,
} from './snapshot-format.ts';
import { signedBytes } from './write-snapshot.ts';

/** A snapshot that was read and checked. The policy lies in memory that other threads can share. */
export interface ReadSnapshot {
  readonly header: SnapshotHeader;
  readonly policy: Uint8Array<SharedArrayBuffer>;
}

/** The signed start of a snapshot, not checked yet. */
interface Head {
  readonly bytes: Buffer;
  readonly signature: Buffer;
  readonly layout: SnapshotLayout;
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * Reads a whole snapshot and checks it: layout, exact length, signature, fields, sequence. Blocks its thread; run in the worker.
 * Faults: every {@link SnapshotFault} but `snapshot_load_failed`. Never throws.
 */
export function readSnapshot(
  path: string,
  publicKey: KeyObject,
  leastSequence: number,
): Result<ReadSnapshot, SnapshotFault> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    return failed(unreadable(path, error));
  }
  try {
    return about(path, readOpen(fd, publicKey, leastSequence));
  } catch (error) {
    return failed(unreadable(path, error));
  } finally {
    closeSync(fd);
  }
}

function unreadable(path: string, error: unknown): SnapshotFault {
  const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  return fault('snapshot_unreadable', `snapshot \`${path}\` cannot be read (${why}): start control, which writes it`);
}

/** Says which file it is, and what to do: nearly everything is mended by writing it again. */
function about(path: string, outcome: Result<ReadSnapshot, SnapshotFault>): Result<ReadSnapshot, SnapshotFault> {
  if (outcome.ok) return outcome;
  const { code, message } = outcome.fault;
  return failed(fault(code, `snapshot \`${path}\` ${message}: the last good one stays, let control write it again`));
}

function readOpen(fd: number, publicKey: KeyObject, leastSequence: number): Result<ReadSnapshot, SnapshotFault> {
  const head = readHead(fd);
  if (!head.ok) return head;
  const { bytes, signature, layout } = head.value;
  const { policy, digest } = readPolicy(fd, bytes.length + signatureBytes, layout.policyBytes);
  // Nothing inside the header is looked at before the signature holds.
  if (!isSigned(signedBytes(bytes, digest), signature, publicKey)) {
    return failed(fault('snapshot_signature_invalid', 'is not signed by the key of this state, or was changed'));
  }
  const header = parseSnapshotHeader(bytes.subarray(preambleBytes));
  if (!header.ok) return header;
  if (header.value.sequence < leastSequence) {
    const said = `has sequence ${header.value.sequence}, which is before ${leastSequence} that was accepted already`;
    return failed(fault('snapshot_rolled_back', said));
  }
  return ok({ header: header.value, policy });
}

function readHead(fd: number): Result<Head, SnapshotFault> {
  const layout = parsePreamble(readExactly(fd, 0, Math.min(preambleBytes, fstatSync(fd).size)));
  if (!layout.ok) return layout;
  const { headerBytes, policyBytes } = layout.value;
  const headLength = preambleBytes + headerBytes;
  // Checked before anything is allocated: a length that is not the file's is a cut or grown file.
  if (fstatSync(fd).size !== headLength + signatureBytes + policyBytes) {
    return failed(fault('snapshot_malformed', 'is shorter or longer than it says'));
  }
  const bytes = readExactly(fd, 0, headLength);
  return ok({ bytes, signature: readExactly(fd, headLength, signatureBytes), layout: layout.value });
}

function readExactly(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const read = readSync(fd, bytes, 0, length, position);
  if (read !== length) throw new TypeError('it ended early');
  return bytes;
}

/** Read in chunks that are hashed and copied: what is checked is what is used, even if the file changes meanwhile. */
function readPolicy(fd: number, position: number, length: number): { policy: ReadSnapshot['policy']; digest: Buffer } {
  const policy = new Uint8Array(new SharedArrayBuffer(length));
  const hash = createHash('sha256');
  for (let done = 0; done < length; ) {
    const chunk = readExactly(fd, position + done, Math.min(chunkBytes, length - done));
    hash.update(chunk);
    policy.set(chunk, done);
    done += chunk.length;
  }
  return { policy, digest: hash.digest() };
}

function isSigned(bytes: Buffer, signature: Buffer, publicKey: KeyObject): boolean {
  return publicKey.asymmetricKeyType === 'ed25519' && verify(null, bytes, publicKey, signature);
}
