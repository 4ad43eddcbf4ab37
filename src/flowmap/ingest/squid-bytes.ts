import type { FlowDraft } from '../observation.ts';
import type { ByteCursor } from './byte-cursor.ts';

/** What a URL's scheme says of the connection: inside a bumped tunnel `https` is TLS still. */
export function applicationOf(scheme: string): FlowDraft['application'] {
  if (scheme === 'http' || scheme === 'ws') return 'http';
  return scheme === 'https' || scheme === 'wss' ? 'tls' : 'other';
}

/**
 * Whether the last two letters of a hierarchy code are those of a code that means "from the origin itself": HIER_DIRECT, DIRECT and
 * CLOSEST_DIRECT, ORIGINAL_DST, SOURCE_FASTEST, PINNED. All codes of parents, siblings and none end in others.
 */
export function isDirect(last2: number | undefined, last: number | undefined): boolean {
  return (last === 84 && (last2 === 67 || last2 === 83)) || (last === 68 && last2 === 69);
}

/** Passes over a syslog tag: `squid[812]: `, `(squid-1): `. */
export function passTag(cursor: ByteCursor): void {
  const { bytes, end } = cursor;
  const limit = Math.min(end - 1, cursor.at + 64);
  for (let i = cursor.at; i < limit; i++) {
    if (bytes[i] === 58 && bytes[i + 1] === 32) {
      cursor.at = i + 2;
      return;
    }
  }
}

/** Squid's own pages (`/squid-internal-mgr/info`) are asked of Squid, not of the host that the URL names. */
export function isManager(bytes: Uint8Array, path: number, end: number): boolean {
  if (bytes[path + 1] !== 115 || bytes[path + 2] !== 113 || end - path < 16) return false;
  return textOf(bytes, path, path + 16) === '/squid-internal-';
}

/** Whether a scheme starts here that begins with `http`, in either case. */
export function isHttp(bytes: Uint8Array, start: number): boolean {
  return (
    lower(bytes[start]) === 104 &&
    lower(bytes[start + 1]) === 116 &&
    lower(bytes[start + 2]) === 116 &&
    lower(bytes[start + 3]) === 112
  );
}

/** A letter in lower case. */
export function lower(byte: number | undefined): number {
  return (byte ?? 0) | 32;
}

/** Whether a byte is a decimal digit. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** Whether a word is `-`, Squid's word for nothing. */
export function isNothing(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && bytes[start] === 45;
}

/** A span as text, for what is rare. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

const decoder = new TextDecoder();
