import { ok, type Result } from '../../base/index.ts';
import { failedAs, type WireFault } from '../wire-fault.ts';
import { type DnsEdns, type DnsMessage, type DnsQuestion, type DnsRecord, dnsTypes, internetClass } from './message.ts';
import { MessageCursor } from './message-cursor.ts';
import { rdataLayout } from './rdata-names.ts';

/** Longest message: over TCP its length stands in two bytes. */
export const maxMessageBytes = 65_535;
// More fill no message that says anything: the smallest record with a name and an address has 16 bytes.
const maxRecords = 4096;

/**
 * Reads a whole message; its records share no memory with `bytes`. It has one question or none. Work and memory are bounded: 65,535
 * bytes, 4,096 records, 1 MiB of text and RDATA made of it. Faults: `dns_too_large`, `dns_malformed`.
 */
export function readMessage(bytes: Uint8Array): Result<DnsMessage, WireFault> {
  if (bytes.length > maxMessageBytes) return failedAs('dns_too_large', 'the message has more than 65,535 bytes');
  const cursor = new MessageCursor(bytes);
  const message = readSections(cursor);
  if (cursor.trouble !== null) return failedAs(cursor.trouble.code, cursor.trouble.message);
  if (!cursor.isDone) return failedAs('dns_malformed', 'bytes stand after the last record');
  return ok(message);
}

function readSections(cursor: MessageCursor): DnsMessage {
  const id = cursor.number16();
  const flags = cursor.number16();
  const [questions, answers, authorities, additionals] = readCounts(cursor);
  const question = questions === 1 ? readQuestion(cursor) : null;
  const found: Found = { edns: null, extendedRcode: 0 };
  return {
    id,
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    question,
    answers: readRecords(cursor, answers, null),
    authorities: readRecords(cursor, authorities, null),
    additionals: readRecords(cursor, additionals, found),
    // These two are known only after the additionals were read.
    rcode: (flags & 0xf) + found.extendedRcode * 16,
    edns: found.edns,
  };
}

function readCounts(cursor: MessageCursor): readonly [number, number, number, number] {
  const questions = cursor.number16();
  const counts = [cursor.number16(), cursor.number16(), cursor.number16()] as const;
  if (questions > 1) cursor.fail('dns_malformed', `the message has ${questions} questions`);
  const records = counts[0] + counts[1] + counts[2];
  if (records > maxRecords) cursor.fail('dns_too_large', `the message has ${records} records, at most 4,096 are taken`);
  return [questions, ...counts];
}

function readQuestion(cursor: MessageCursor): DnsQuestion {
  const name = cursor.name();
  return { name, type: cursor.number16(), class: cursor.number16() };
}

interface Found {
  edns: DnsEdns | null;
  extendedRcode: number;
}

// `found` takes the OPT record where one may stand.
function readRecords(cursor: MessageCursor, count: number, found: Found | null): readonly DnsRecord[] {
  const records: DnsRecord[] = [];
  for (let left = count; left > 0 && cursor.trouble === null; left--) {
    const name = cursor.name();
    const type = cursor.number16();
    if (type === dnsTypes.opt) readOpt(cursor, name, found);
    else records.push(readRecord(cursor, name, type));
  }
  return records;
}

function readRecord(cursor: MessageCursor, name: string, type: number): DnsRecord {
  const recordClass = cursor.number16();
  const ttl = cursor.number32();
  const data = readData(cursor, type, recordClass);
  // RFC 2181 section 8: a TTL with the top bit set is zero.
  return { name, type, class: recordClass, ttl: ttl > 0x7fff_ffff ? 0 : ttl, data };
}

function readData(cursor: MessageCursor, type: number, recordClass: number): Uint8Array {
  const length = cursor.number16();
  const isWrong =
    recordClass === internetClass &&
    ((type === dnsTypes.a && length !== 4) || (type === dnsTypes.aaaa && length !== 16));
  if (isWrong) cursor.fail('dns_malformed', `an address record has ${length} bytes`);
  return cursor.data(length, rdataLayout(type));
}

function readOpt(cursor: MessageCursor, name: string, found: Found | null): void {
  if (found === null || found.edns !== null || name !== '') {
    cursor.fail('dns_malformed', 'an OPT record stands where none may');
    return;
  }
  const payloadBytes = cursor.number16();
  found.extendedRcode = cursor.number8();
  const version = cursor.number8();
  const flags = cursor.number16();
  found.edns = { payloadBytes, version, isDnssecOk: (flags & 0x8000) !== 0, options: readOptions(cursor) };
}

function readOptions(cursor: MessageCursor): DnsEdns['options'] {
  const options: { readonly code: number; readonly data: Uint8Array }[] = [];
  const length = cursor.number16();
  const end = cursor.at + length;
  while (cursor.at < end && cursor.trouble === null) {
    const code = cursor.number16();
    options.push({ code, data: cursor.data(cursor.number16(), null) });
  }
  if (cursor.at !== end) cursor.fail('dns_malformed', 'an EDNS option does not end where the options end');
  return options;
}
