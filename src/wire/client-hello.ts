import { ByteReader } from './byte-reader.ts';
import { type HelloExtensions, parseHelloExtensions, type ServerNameProblem } from './hello-extensions.ts';
import type { Incomplete } from './socks5.ts';
import { type RecordHeader, readRecordHeader, recordTypes } from './tls-records.ts';
import { type Refused, refused } from './wire-fault.ts';

/** What can be seen of a ClientHello. `byteLength` counts its records: what follows belongs to the next flight. */
export interface ClientHello extends Readonly<HelloExtensions> {
  readonly sessionId: Uint8Array;
  readonly byteLength: number;
}

/** The answer of {@link parseClientHello}. */
export type ClientHelloResult =
  | Incomplete
  | Refused
  | { readonly kind: 'not_tls' }
  | { readonly kind: 'hello'; readonly hello: ClientHello };

/** 16 KiB of handshake message: hellos with post-quantum key shares and a long session ticket stay under 4 KiB. */
export const maxHelloBytes = 16_384;

// Some clients split a hello in two or three records; thousands of tiny ones are an attack on whoever joins them.
const mostRecords = 64;
const messageHeaderBytes = 4;
const clientHelloType = 1;
const incomplete: Incomplete = { kind: 'incomplete' };
const notTls = { kind: 'not_tls' } as const;

/**
 * Reads a ClientHello from the start of `bytes`, over one or several records (RFC 8446 sections 4.1.2 and 5.1).
 * SSLv2 hellos and everything else that starts otherwise are `not_tls`. Faults: `hello_malformed`, `hello_too_large`; `sni_repeated` and
 * `sni_malformed` of a hello whose only fault is how it names its server.
 */
export function parseClientHello(bytes: Uint8Array): ClientHelloResult {
  if (bytes.length > 0 && bytes[0] !== recordTypes.handshake) return notTls;
  const joined = joinRecords(bytes);
  if ('kind' in joined) return joined;
  const hello = parseMessage(joined.message, joined.byteLength);
  if (hello === null) return malformed('breaks its grammar');
  return typeof hello === 'string' ? refused(hello, problemSays[hello]) : { kind: 'hello', hello };
}

const problemSays: Readonly<Record<ServerNameProblem, string>> = {
  sni_repeated: 'the ClientHello names more than one server',
  sni_malformed: 'the ClientHello announces a server name and holds none that can be read',
};

interface Joined {
  readonly message: Uint8Array;
  readonly byteLength: number;
}

function joinRecords(bytes: Uint8Array): Joined | Exclude<ClientHelloResult, { kind: 'hello' }> {
  const fragments: Uint8Array[] = [];
  let declared = 0;
  let at = 0;
  while (fragments.length < mostRecords) {
    const record = readHelloRecord(bytes, at);
    if ('kind' in record) return record;
    fragments.push(bytes.subarray(record.start, record.end));
    declared += record.end - record.start;
    at = record.end;
    const wanted = messageLength(fragments);
    if (typeof wanted !== 'number') return wanted;
    if (declared > wanted) return malformed('is followed by more in its record');
    if (declared === wanted && at <= bytes.length) return { message: concatenate(fragments, wanted), byteLength: at };
  }
  return malformed(`is spread over more than ${mostRecords} records`);
}

function readHelloRecord(bytes: Uint8Array, at: number): RecordHeader | Incomplete | Refused | typeof notTls {
  const record = readRecordHeader(bytes, at);
  if (record === null) return incomplete;
  if (record === 'not_tls') return at === 0 ? notTls : malformed('stops in the middle of its records');
  if (record.type !== recordTypes.handshake) return malformed('is interrupted by another kind of record');
  return record.end === record.start ? malformed('has an empty record') : record;
}

// How long the whole message is, by its header; infinite while the header has not come.
function messageLength(fragments: readonly Uint8Array[]): number | Refused {
  const header = concatenate(fragments, messageHeaderBytes);
  if (header.length > 0 && header[0] !== clientHelloType) return malformed('is another handshake message');
  if (header.length < messageHeaderBytes) return Number.POSITIVE_INFINITY;
  const length = new ByteReader(header, 1).number(3) + messageHeaderBytes;
  if (length <= maxHelloBytes) return length;
  return refused('hello_too_large', `the ClientHello is larger than ${maxHelloBytes} bytes`);
}

// The first `length` bytes of what came, or all of it when that is less.
function concatenate(fragments: readonly Uint8Array[], length: number): Uint8Array {
  const [first = new Uint8Array(0)] = fragments;
  if (fragments.length === 1 || first.length >= length) return first.subarray(0, length);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const fragment of fragments) {
    const part = fragment.subarray(0, length - at);
    whole.set(part, at);
    at += part.length;
  }
  return whole.subarray(0, at);
}

// RFC 8446 section 4.1.2; RFC 5246 section 7.4.1.2 lets the extensions be absent.
function parseMessage(message: Uint8Array, byteLength: number): ClientHello | ServerNameProblem | null {
  const reader = new ByteReader(message, messageHeaderBytes);
  const isTls = reader.number(2) >>> 8 === 3;
  reader.skip(32);
  const sessionId = reader.vector(1).rest();
  const suites = reader.vector(2).rest().length;
  const compressions = reader.vector(1).rest().length;
  const hasExtensions = !reader.isDone;
  const list = hasExtensions ? reader.vector(2) : reader;
  if (reader.isBroken || !reader.isDone || !isTls) return null;
  if (sessionId.length > 32 || suites < 2 || suites % 2 === 1 || compressions < 1) return null;
  const extensions = parseHelloExtensions(list);
  if (extensions === null || typeof extensions === 'string') return extensions;
  return { ...extensions, sessionId: new Uint8Array(sessionId), byteLength };
}

function malformed(how: string): Refused {
  return refused('hello_malformed', `the ClientHello ${how}`);
}
