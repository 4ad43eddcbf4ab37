import { dnsTypes, readName, readPlainName } from '../../wire/index.ts';

/** The signature at the end of a message (RFC 8945 section 4.2). */
export interface TsigRecord {
  /** Where the record starts: the bytes before it are what was signed. */
  readonly at: number;
  /** As the message spells it, without a last dot. */
  readonly keyName: string;
  readonly algorithmName: string;
  /** Seconds since 1970. */
  readonly signedAtSeconds: number;
  /** How far its signer says that clocks may differ. */
  readonly fudgeSeconds: number;
  readonly mac: Uint8Array;
  readonly originalId: number;
  readonly error: number;
  /** Comes with errors only (RFC 8945 section 5.2.3). */
  readonly hasOtherData: boolean;
}

const headerBytes = 12;
const anyClass = 255;

/** The TSIG of a message; null when it has none, `malformed` when it stands elsewhere than last or cannot be read. */
export function findTsig(bytes: Uint8Array): TsigRecord | null | 'malformed' {
  if (bytes.length < headerBytes) return 'malformed';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const additionals = view.getUint16(10);
  const others = view.getUint16(6) + view.getUint16(8);
  let at = headerBytes;
  for (let left = view.getUint16(4); left > 0 && at >= 0; left -= 1) at = afterName(bytes, at, 4);
  for (let left = others + Math.max(0, additionals - 1); left > 0 && at >= 0; left -= 1) {
    at = afterRecord(bytes, view, at);
  }
  if (at < 0 || additionals === 0) return at === bytes.length ? null : 'malformed';
  const body = afterName(bytes, at, 10);
  if (body < 0) return 'malformed';
  return view.getUint16(body - 10) === dnsTypes.tsig ? readTsig(bytes, at, body) : null;
}

// The place after a record; -1 past the end, and for a TSIG that is not the last.
function afterRecord(bytes: Uint8Array, view: DataView, at: number): number {
  const body = afterName(bytes, at, 10);
  if (body < 0 || view.getUint16(body - 10) === dnsTypes.tsig) return -1;
  const end = body + view.getUint16(body - 2);
  return end <= bytes.length ? end : -1;
}

// The place after a name, compressed or not, and so many bytes more; -1 past the end.
function afterName(bytes: Uint8Array, start: number, more: number): number {
  let at = start;
  while (at < bytes.length) {
    const length = bytes[at] ?? 0;
    if (length === 0 || length >= 0xc0) {
      const end = at + (length === 0 ? 1 : 2) + more;
      return end <= bytes.length ? end : -1;
    }
    at += 1 + length;
  }
  return -1;
}

function readTsig(bytes: Uint8Array, at: number, body: number): TsigRecord | 'malformed' {
  const key = readName(bytes, at);
  const algorithm = readPlainName(bytes, body);
  if (key === null || algorithm === null || algorithm.end + 10 > bytes.length) return 'malformed';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const macStart = algorithm.end + 10;
  const macEnd = macStart + view.getUint16(algorithm.end + 8);
  // Class and TTL are what they must be (RFC 8945 section 4.2), so that no byte is left for others to change.
  if (macEnd + 6 > bytes.length || macEnd + 6 + view.getUint16(macEnd + 4) !== bytes.length) return 'malformed';
  if (view.getUint16(body - 8) !== anyClass || view.getUint32(body - 6) !== 0) return 'malformed';
  if (view.getUint16(body - 2) !== bytes.length - body) return 'malformed';
  return {
    at,
    keyName: key.text,
    algorithmName: algorithm.text,
    signedAtSeconds: view.getUint16(algorithm.end) * 2 ** 32 + view.getUint32(algorithm.end + 2),
    fudgeSeconds: view.getUint16(algorithm.end + 6),
    mac: new Uint8Array(bytes.subarray(macStart, macEnd)),
    originalId: view.getUint16(macEnd),
    error: view.getUint16(macEnd + 2),
    hasOtherData: view.getUint16(macEnd + 4) > 0,
  };
}
