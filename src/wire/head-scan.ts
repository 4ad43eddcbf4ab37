import { type Refused, refused } from './wire-fault.ts';

/** Bounds of a head. */
export interface HeadLimits {
  /** Most bytes of a head, its empty line included. More is `head_too_large`. */
  readonly maxHeadBytes: number;
  /** Most fields of a head. More is `too_many_fields`. */
  readonly maxFields: number;
}

/** 16 KiB, as most servers allow, and 100 fields: browsers send about 20. */
export const defaultHeadLimits: HeadLimits = { maxHeadBytes: 16_384, maxFields: 100 };

/**
 * No end of the head yet. `searchedBytes` were looked at and are good: hand it to the next call, which then starts there, so that
 * a head that comes byte by byte costs no more than one that comes whole.
 */
export interface IncompleteHead {
  readonly kind: 'incomplete';
  readonly searchedBytes: number;
}

type HeadScan = IncompleteHead | Refused | { readonly kind: 'end'; readonly end: number };

const cr = 13;
const lf = 10;
const tab = 9;
const space = 32;
const del = 127;

/**
 * Looks for the empty line that ends a head, in one pass, and refuses on the way what no good head holds: bare CR, bare LF,
 * control bytes, folded lines (RFC 9112 sections 2.2 and 5.2).
 */
export function scanHead(bytes: Uint8Array, searchedBytes: number, maxHeadBytes: number): HeadScan {
  const limit = Math.min(bytes.length, maxHeadBytes);
  let at = searchedBytes;
  while (at < limit) {
    const byte = bytes[at] ?? 0;
    if ((byte >= space && byte !== del) || byte === tab) {
      at += 1;
      continue;
    }
    const line = endLine(bytes, at, byte);
    if (line !== null) return line.kind === 'incomplete' ? giveUpOrWait(bytes, at, maxHeadBytes) : line;
    at += 2;
  }
  return giveUpOrWait(bytes, at, maxHeadBytes);
}

// Null: a good line ended here and another follows.
function endLine(bytes: Uint8Array, at: number, byte: number): HeadScan | null {
  if (byte === lf) return refused('line_ending_malformed', 'a line ends in a bare line feed: end lines with CR LF');
  if (byte !== cr)
    return refused('control_byte', `byte 0x${byte.toString(16).padStart(2, '0')} is not allowed in a head`);
  if (at + 1 >= bytes.length) return { kind: 'incomplete', searchedBytes: at };
  if (bytes[at + 1] !== lf) return refused('line_ending_malformed', 'a bare carriage return: end lines with CR LF');
  if (at === 0) return refused('request_line_malformed', 'the head starts with an empty line');
  if (bytes[at - 1] === lf) return { kind: 'end', end: at + 2 };
  if (at + 2 >= bytes.length) return { kind: 'incomplete', searchedBytes: at };
  if (bytes[at + 2] === space || bytes[at + 2] === tab)
    return refused('folded_line', 'a field goes on in the next line');
  return null;
}

function giveUpOrWait(bytes: Uint8Array, at: number, maxHeadBytes: number): HeadScan {
  if (bytes.length >= maxHeadBytes) return refused('head_too_large', `the head is larger than ${maxHeadBytes} bytes`);
  return { kind: 'incomplete', searchedBytes: at };
}
