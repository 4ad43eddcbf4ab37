import type { Digest } from '../base/index.ts';

/** A policy file as bytes, for its digest. `path` is relative to the policy folder, with slashes. */
export interface PolicyFileBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The version of a policy: `sha256:` and 64 hex digits over sorted (path, length, bytes). Each path is UTF-8 and ends in NUL, each
 * length is 8 bytes, most significant first; so no two sets of files have one encoding. Files are sorted by the bytes of their path.
 */
export function policyVersion(files: readonly PolicyFileBytes[], digest: Digest): string {
  return `sha256:${toHex(digest(encodeFiles(files)))}`;
}

function encodeFiles(files: readonly PolicyFileBytes[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = files.map(({ path, bytes }) => ({ path: encoder.encode(`${path}\0`), bytes }));
  encoded.sort((a, b) => compareBytes(a.path, b.path));
  const out = new Uint8Array(encoded.reduce((sum, { path, bytes }) => sum + path.length + 8 + bytes.length, 0));
  const view = new DataView(out.buffer);
  let offset = 0;
  for (const { path, bytes } of encoded) {
    out.set(path, offset);
    offset += path.length;
    view.setBigUint64(offset, BigInt(bytes.length));
    out.set(bytes, offset + 8);
    offset += 8 + bytes.length;
  }
  return out;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
