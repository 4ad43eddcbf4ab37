import { isDigit } from './squid-bytes.ts';

const [dash, slash, colon, question, hash, at, open, close] = [45, 47, 58, 63, 35, 64, 91, 93];

/** Finds host and port in the bytes of a URL or an authority, without making anything: where the host is, and the port's number. */
export class AuthoritySpan {
  /** The host's span, without brackets; empty where none is told. */
  host: number = 0;
  hostEnd: number = 0;
  /** -1 where none is written. */
  port: number = -1;
  /** Where the scheme of a URL ended, and its authority: there the path begins. */
  schemeEnd: number = 0;
  authorityEnd: number = 0;

  /** Reads an absolute URL. False: it is none (`error:invalid-request`, a path, `*`), so it names no host. */
  readUrl(bytes: Uint8Array, from: number, end: number): boolean {
    let scheme = from;
    while (scheme < end && bytes[scheme] !== colon) scheme += 1;
    this.schemeEnd = scheme;
    if (scheme + 3 <= end && bytes[scheme + 1] === slash && bytes[scheme + 2] === slash) {
      const start = this.#findAuthority(bytes, scheme + 3, end);
      this.readAuthority(bytes, start, this.authorityEnd);
      return true;
    }
    this.host = 0;
    this.hostEnd = 0;
    this.port = -1;
    return false;
  }

  /** Reads `host:port`, `[2001:db8::1]:443`, or a host alone. A port past 65535 is left as the number it is. */
  readAuthority(bytes: Uint8Array, from: number, end: number): void {
    let stop = end;
    while (stop > from && isDigit(bytes[stop - 1])) stop -= 1;
    this.port = -1;
    if (stop > from && bytes[stop - 1] === colon) {
      this.port = numberOf(bytes, stop, end);
      stop -= 1;
    } else stop = end;
    const isBracketed = bytes[from] === open && bytes[stop - 1] === close;
    this.host = isBracketed ? from + 1 : from;
    this.hostEnd = isBracketed ? stop - 1 : stop;
    // `-` is the word for nothing.
    if (this.hostEnd - from === 1 && bytes[from] === dash) this.hostEnd = from;
  }

  // Userinfo (`ftp://user@host/`) is passed over: it may hold a password.
  #findAuthority(bytes: Uint8Array, from: number, end: number): number {
    let start = from;
    let stop = from;
    for (; stop < end; stop++) {
      const byte = bytes[stop];
      if (byte === slash || byte === question || byte === hash) break;
      if (byte === at) start = stop + 1;
    }
    this.authorityEnd = stop;
    return start;
  }
}

function numberOf(bytes: Uint8Array, from: number, end: number): number {
  if (from === end) return -1;
  let value = 0;
  for (let i = from; i < end && value <= 65_535; i++) value = value * 10 + (bytes[i] as number) - 48;
  return value;
}
