import { randomBytes } from 'node:crypto';

/** What a made ClientHello says. */
export interface HelloOptions {
  /** Server names, in an extension each; none for none. */
  readonly names: readonly string[];
  /** The mark, in an extension of private use that servers skip. */
  readonly mark: string;
  /** Adds an `encrypted_client_hello` extension. Default: false. */
  readonly hasEch?: boolean;
  /** Asks the canary for a HelloRetryRequest. Default: false. */
  readonly wantsRetry?: boolean;
}

/** The extension that carries a mark (private use, RFC 8446 section 4.2 and IANA). */
export const markExtension = 0xff5e;
/** Before a mark, it asks the canary for a HelloRetryRequest. */
export const retryPrefix = 'retry ';

/** A ClientHello (RFC 8446 section 4.1.2) in one record, as no honest client would send it. */
export function writeHello(options: HelloOptions): Uint8Array {
  const share = Buffer.concat([u16(29), block16(randomBytes(32))]);
  const extensions = Buffer.concat([
    ...options.names.map(serverName),
    extension(10, block16(u16(29))),
    extension(13, block16(Buffer.from([4, 3, 8, 4]))),
    extension(43, Buffer.from([2, 3, 4])),
    // An empty list of key shares is how a client asks for a HelloRetryRequest (RFC 8446 section 4.2.8).
    extension(51, block16(options.wantsRetry === true ? Buffer.alloc(0) : share)),
    ...(options.hasEch === true ? [extension(0xfe0d, echData())] : []),
    extension(markExtension, Buffer.from(`${options.wantsRetry === true ? retryPrefix : ''}${options.mark}`)),
  ]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    randomBytes(32),
    Buffer.from([0, 0, 4, 0x13, 1, 0xc0, 0x2f, 1, 0]),
    block16(extensions),
  ]);
  return handshakeRecord(1, body);
}

/** A ServerHello whose random is `random`; with `isRetry` a HelloRetryRequest, whose random the standard fixes. */
export function writeServerHello(random: Uint8Array, isRetry: boolean): Uint8Array {
  const share = isRetry ? u16(29) : Buffer.concat([u16(29), block16(randomBytes(32))]);
  const extensions = Buffer.concat([extension(43, Buffer.from([3, 4])), extension(51, share)]);
  const chosen = Buffer.from([0, 0x13, 1, 0]);
  return handshakeRecord(
    2,
    Buffer.concat([Buffer.from([3, 3]), isRetry ? retryRandom : random, chosen, block16(extensions)]),
  );
}

/** Whether bytes hold a HelloRetryRequest. */
export function isHelloRetry(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes(retryRandom);
}

/** The same bytes in records of at most `recordBytes` (RFC 8446 section 5.1): a handshake message may lie in many. */
export function splitRecords(record: Uint8Array, recordBytes: number): Uint8Array {
  const head = Buffer.from(record.subarray(0, 3));
  const payload = record.subarray(5);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += recordBytes) {
    parts.push(head, block16(payload.subarray(at, at + recordBytes)));
  }
  return Buffer.concat(parts);
}

// SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
const retryRandom = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

// An outer hello (RFC 9849): type, KDF and AEAD, the id of a configuration, an encapsulated key and a payload.
function echData(): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 1, 0, 1, 7]), block16(randomBytes(32)), block16(randomBytes(144))]);
}

function handshakeRecord(type: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([0x16, 3, 1]), block16(Buffer.concat([Buffer.from([type, 0]), block16(body)]))]);
}

function serverName(name: string): Buffer {
  const text = Buffer.from(name, 'latin1');
  return extension(0, block16(Buffer.concat([Buffer.from([0]), block16(text)])));
}

function extension(type: number, data: Uint8Array): Buffer {
  return Buffer.concat([u16(type), block16(data)]);
}

function block16(data: Uint8Array): Buffer {
  return Buffer.concat([u16(data.length), data]);
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}
