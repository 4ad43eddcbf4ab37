import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { tileWidth } from './tile.ts';
import { hashBytes, joinBytes } from './tree-hasher.ts';

/** The most bytes that a tile of entries takes: each is up to 65,535 bytes behind a length of two. */
export const maxBundleBytes: number = tileWidth * (2 + 65_535);

/** Entries as the bytes of their tile: each behind its length as a big-endian 16-bit number (C2SP tlog-tiles). */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return joinBytes(entries.flatMap((entry) => [Uint8Array.of(entry.length >>> 8, entry.length & 255), entry]));
}

/** Reads a tile of `width` entries. Fault: `tile_malformed`. */
export function parseBundle(bytes: Uint8Array, width: number): Result<readonly Uint8Array[], Fault<'tile_malformed'>> {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && entries.length < width) {
    const end = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
    if (end > bytes.length) return malformed(`entry ${entries.length} of it is cut`);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (entries.length < width) return malformed(`it holds ${entries.length} entries, ${width} are meant`);
  return at === bytes.length ? ok(entries) : malformed(`bytes follow its ${width} entries`);
}

/** Reads a tile of `width` hashes. Fault: `tile_malformed`. */
export function parseHashes(bytes: Uint8Array, width: number): Result<readonly Uint8Array[], Fault<'tile_malformed'>> {
  if (bytes.length !== width * hashBytes)
    return malformed(`it takes ${bytes.length} bytes, ${width * hashBytes} are meant`);
  return ok(Array.from({ length: width }, (_, at) => bytes.subarray(at * hashBytes, (at + 1) * hashBytes)));
}

function malformed(why: string): Result<never, Fault<'tile_malformed'>> {
  return failed(fault('tile_malformed', why));
}
