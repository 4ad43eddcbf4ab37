import type { Digest } from '../base/index.ts';

/** The hashes of a Merkle tree (RFC 6962 section 2.1): leaves and nodes have prefixes of their own, so that none passes for the other. */
export interface TreeHasher {
  leaf(bytes: Uint8Array): Uint8Array;
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  /** The root of a tree without leaves. */
  empty(): Uint8Array;
}

/** Bytes of a hash. */
export const hashBytes = 32;

/** Makes the hasher of a tree from SHA-256. */
export function createTreeHasher(digest: Digest): TreeHasher {
  return {
    leaf: (bytes) => digest(joinBytes([Uint8Array.of(0), bytes])),
    node: (left, right) => digest(joinBytes([Uint8Array.of(1), left, right])),
    empty: () => digest(new Uint8Array(0)),
  };
}

/** The root of a perfect tree over 2^n hashes. */
export function perfectRoot(hasher: TreeHasher, hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < row.length; at += 2) above.push(hasher.node(hashAt(row, at), hashAt(row, at + 1)));
    row = above;
  }
  return hashAt(row, 0);
}

/** Joins the roots of perfect trees, largest first, to the root of the tree that they cover. */
export function rootOfPeaks(hasher: TreeHasher, peaks: readonly Uint8Array[]): Uint8Array {
  if (peaks.length === 0) return hasher.empty();
  return peaks.reduceRight((right, left) => hasher.node(left, right));
}

/** Bytes after each other. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Whether two hashes, or any bytes that are no secret, are the same. */
export function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

function hashAt(row: readonly Uint8Array[], at: number): Uint8Array {
  const hash = row[at];
  if (hash === undefined) throw new TypeError('"hashes" is not a power of two');
  return hash;
}
