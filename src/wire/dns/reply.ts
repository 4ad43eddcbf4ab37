import type { DnsMessage, DnsRecord } from './message.ts';
import { MessageWriter, mostRecordBytes } from './message-writer.ts';
import type { QueryView } from './read-query.ts';
import { flagsOf } from './write-message.ts';
import {
  appendOptions,
  cookieOptionBytes,
  optBytes,
  type ReplyExtras,
  replyPayloadBytes,
  writeNumber16,
  writeOpt,
} from './write-opt.ts';

/**
 * A response in the form in which it is kept: the bytes of all of it but OPT, with id 0. Names point at the question where they can, so that
 * they take the spelling of whoever asks.
 */
export interface PackedAnswer {
  readonly bytes: Uint8Array;
  /** Where the question ends. */
  readonly questionEnd: number;
  /** Where the TTL of each record stands, in order. */
  readonly ttlOffsets: Uint16Array;
  /** Seconds; 0 when there is no record. */
  readonly leastTtlSeconds: number;
  readonly rcode: number;
}

/** How a kept answer goes out. One object may be filled again for each reply. */
export interface ReplyOptions extends ReplyExtras {
  /** Whole seconds since the answer came; TTLs are less by so much, and never below 0. */
  readonly ageSeconds: number;
  /** Most that a TTL may be, in whole seconds, as when a grant ends before the record does. */
  readonly ttlCapSeconds: number;
  /** Where the reply is written; one that is shorter than `maxBytes` is what the reply is cut to. */
  readonly into: Uint8Array;
  /** What the transport takes: `datagramBytes(view)`, or 65,535 for a stream. At least 512: the header, the question and OPT always go out. */
  readonly maxBytes: number;
  /** Nothing was taken out of the answer or put into it: DO is echoed, and AD if the client asked for it. */
  readonly isUnchanged: boolean;
}

const headerBytes = 12;
const largestBytes = 65_535;
const responseBit = 0x80;
const truncatedBit = 0x02;
const authenticDataBit = 0x20;

/**
 * Packs a response with a question and a response code below 16; its EDNS is left out. Records that pass 65,535 bytes are left out and
 * the answer is marked truncated. `TypeError`: it has no question, or a higher code, or what `writeMessage` does not write.
 */
export function packAnswer(message: DnsMessage): PackedAnswer {
  const { question, rcode } = message;
  if (question === null || rcode > 15) throw new TypeError('a packed answer has a `question` and an `rcode` below 16');
  const sections = [message.answers, message.authorities, message.additionals];
  const records = sections.flat();
  const capacity = records.reduce(
    (sum, record) => sum + mostRecordBytes(record),
    headerBytes + question.name.length + 6,
  );
  const writer = new MessageWriter(capacity, true);
  writer.number16(0);
  writer.number16((flagsOf(message) | 0x8000) + rcode);
  for (const count of [1, ...sections.map(({ length }) => length)]) writer.number16(count);
  writer.name(question.name);
  writer.number16(question.type);
  writer.number16(question.class);
  const questionEnd = writer.at;
  const ttlOffsets = packRecords(writer, records);
  const bytes = writer.bytes.slice(0, writer.at);
  if (ttlOffsets.length < records.length) cutCounts(bytes, ttlOffsets.length);
  const ttls = records.slice(0, ttlOffsets.length).map(({ ttl }) => ttl);
  return { bytes, questionEnd, ttlOffsets, rcode, leastTtlSeconds: ttls.length === 0 ? 0 : Math.min(...ttls) };
}

function packRecords(writer: MessageWriter, records: readonly DnsRecord[]): Uint16Array {
  const offsets: number[] = [];
  for (const record of records) {
    const start = writer.at;
    const offset = writer.record(record);
    if (writer.at > largestBytes) {
      writer.at = start;
      break;
    }
    offsets.push(offset);
  }
  return Uint16Array.from(offsets);
}

/** Bytes of the largest datagram for a client: what it says it takes, at most 1,232; 512 without EDNS (RFC 1035 section 4.2.1). */
export function datagramBytes(view: QueryView): number {
  return Math.min(view.payloadBytes, replyPayloadBytes);
}

/**
 * Writes a kept answer for the query that the view was filled from, and gives its length. The answer must be one to the name and the type of the
 * view. Id, RD, CD and the spelling of the question are the client's; OPT with its options is there if the client sent one. Records that do not fit
 * are left out from the end on, and the reply is marked truncated. `TypeError`: the question is another.
 */
export function writeReply(
  packed: PackedAnswer,
  view: QueryView,
  queryBytes: Uint8Array,
  options: ReplyOptions,
): number {
  if (packed.questionEnd !== view.questionEnd) throw new TypeError('the `packed` answer is to another question');
  const { into, isUnchanged } = options;
  const maxBytes = Math.min(options.maxBytes, into.length);
  const room = view.hasEdns ? maxBytes - optBytes - bytesOfCookie(options) : maxBytes;
  const end = packed.bytes.length <= room ? copyWhole(packed, into) : copyPart(packed, into, room);
  writeHead(view, queryBytes, into);
  if (!isUnchanged || !(view.authenticData || view.isDnssecOk)) into[3] = (into[3] ?? 0) & ~authenticDataBit;
  ageTtls(packed, end, options);
  if (!view.hasEdns) return end;
  const optEnd = addOpt(into, end, isUnchanged && view.isDnssecOk ? 0x8000 : 0);
  return appendOptions(into, optEnd, options, maxBytes);
}

function bytesOfCookie({ cookie }: ReplyExtras): number {
  return cookie === null ? 0 : cookieOptionBytes;
}

function copyWhole(packed: PackedAnswer, into: Uint8Array): number {
  into.set(packed.bytes);
  return packed.bytes.length;
}

function copyPart(packed: PackedAnswer, into: Uint8Array, room: number): number {
  let end = packed.questionEnd;
  let count = 0;
  for (const offset of packed.ttlOffsets) {
    const recordEnd = offset + 6 + ((packed.bytes[offset + 4] ?? 0) << 8) + (packed.bytes[offset + 5] ?? 0);
    if (recordEnd > room) break;
    end = recordEnd;
    count++;
  }
  into.set(packed.bytes.subarray(0, end));
  cutCounts(into, count);
  return end;
}

// Leaves so many records in the counts of the sections, from the first on.
function cutCounts(bytes: Uint8Array, records: number): void {
  bytes[2] = (bytes[2] ?? 0) | truncatedBit;
  let left = records;
  for (let at = 6; at < headerBytes; at += 2) {
    const count = Math.min(left, ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0));
    writeNumber16(bytes, at, count);
    left -= count;
  }
}

/**
 * Puts id, RD, CD and the question of a query into a reply and says that it is one, from a server that recurses.
 *
 * @internal
 */
export function writeHead(view: QueryView, queryBytes: Uint8Array, into: Uint8Array): void {
  writeNumber16(into, 0, view.id);
  into[2] = ((into[2] ?? 0) & ~0x01) | responseBit | (view.recursionDesired ? 0x01 : 0);
  into[3] = ((into[3] ?? 0) & ~0x10) | 0x80 | (view.checkingDisabled ? 0x10 : 0);
  for (let at = headerBytes; at < view.questionEnd; at++) into[at] = queryBytes[at] ?? 0;
}

function ageTtls(packed: PackedAnswer, end: number, { into, ageSeconds, ttlCapSeconds }: ReplyOptions): void {
  const { bytes, ttlOffsets } = packed;
  for (let index = 0; index < ttlOffsets.length; index++) {
    const at = ttlOffsets[index] ?? end;
    if (at >= end) return;
    const kept =
      ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const ttl = Math.max(0, Math.min(kept - ageSeconds, ttlCapSeconds));
    writeNumber16(into, at, ttl >>> 16);
    writeNumber16(into, at + 2, ttl);
  }
}

/**
 * Writes OPT behind the last record and counts it.
 *
 * @internal
 */
export function addOpt(into: Uint8Array, at: number, flags: number): number {
  writeNumber16(into, 10, ((into[10] ?? 0) << 8) + (into[11] ?? 0) + 1);
  return writeOpt(into, at, flags);
}
