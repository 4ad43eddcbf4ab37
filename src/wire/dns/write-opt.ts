import { dnsTypes } from './message.ts';

/** An extended error (RFC 8914): a code of its registry, and text for people of which at most 255 bytes of UTF-8 go out. */
export interface ExtendedError {
  readonly code: number;
  readonly text: string;
}

/** What replies say they take, in bytes: it fits one unfragmented datagram nearly everywhere (DNS flag day 2020). */
export const replyPayloadBytes = 1232;
/** Bytes of an OPT record without options. */
export const optBytes = 11;

/** Bytes of a cookie option as `appendOptions` writes it: eight of the client and sixteen of ours. */
export const cookieOptionBytes = 28;

const cookieOption = 10;
const extendedErrorOption = 15;
const errorHeadBytes = 6;
const maxTextBytes = 255;
const encoder = new TextEncoder();

/**
 * Writes an OPT record without options and gives the index after it. `flags` is what OPT has in the place of a TTL: the upper bits of the
 * response code, the version, DO (RFC 6891 section 6.1.3).
 *
 * @internal
 */
export function writeOpt(into: Uint8Array, at: number, flags: number): number {
  into[at] = 0;
  writeNumber16(into, at + 1, dnsTypes.opt);
  writeNumber16(into, at + 3, replyPayloadBytes);
  writeNumber16(into, at + 5, flags >>> 16);
  writeNumber16(into, at + 7, flags);
  writeNumber16(into, at + 9, 0);
  return at + optBytes;
}

/** What goes into the OPT record of a reply. */
export interface ReplyExtras {
  /** 24 bytes: the client's part of its cookie and ours (RFC 7873). Null for a client that sent none. */
  readonly cookie: Uint8Array | null;
  /** With as much of its text as has room. */
  readonly ede: ExtendedError | null;
}

/**
 * Adds options to the OPT record without any that ends at `optEnd`, none of them past `end`, and gives the index after it.
 *
 * @internal
 */
export function appendOptions(into: Uint8Array, optEnd: number, { cookie, ede }: ReplyExtras, end: number): number {
  let at = optEnd;
  if (cookie !== null) at = writeCookie(into, at, cookie);
  if (ede !== null) at = writeExtendedError(into, at, ede, end);
  writeNumber16(into, optEnd - 2, at - optEnd);
  return at;
}

function writeCookie(into: Uint8Array, at: number, cookie: Uint8Array): number {
  writeNumber16(into, at, cookieOption);
  writeNumber16(into, at + 2, cookie.length);
  into.set(cookie, at + 4);
  return at + 4 + cookie.length;
}

function writeExtendedError(into: Uint8Array, at: number, error: ExtendedError, end: number): number {
  const room = Math.min(maxTextBytes, end - at - errorHeadBytes);
  if (room < 0) return at;
  const textBytes = writeText(into, at + errorHeadBytes, error.text, room);
  writeNumber16(into, at, extendedErrorOption);
  writeNumber16(into, at + 2, 2 + textBytes);
  writeNumber16(into, at + 4, error.code);
  return at + errorHeadBytes + textBytes;
}

// How many bytes were written. Texts are ASCII nearly always, and then no array is made for them.
function writeText(into: Uint8Array, at: number, text: string, room: number): number {
  const length = Math.min(text.length, room);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return writeWideText(into, at, text, room);
    into[at + index] = code;
  }
  return length;
}

function writeWideText(into: Uint8Array, at: number, text: string, room: number): number {
  // One unit of text has one byte at least, so that no more of it can be needed.
  const bytes = encoder.encode(text.slice(0, room));
  let length = Math.min(bytes.length, room);
  // Half of a character is no UTF-8.
  while (length < bytes.length && ((bytes[length] ?? 0) & 0xc0) === 0x80) length--;
  into.set(bytes.subarray(0, length), at);
  return length;
}

/**
 * Writes a number of two bytes.
 *
 * @internal
 */
export function writeNumber16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 8;
  into[at + 1] = value;
}
