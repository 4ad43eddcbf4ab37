import type { DnsEdns, DnsMessage } from './message.ts';
import { dnsTypes, rcodes } from './message.ts';
import { MessageWriter, mostRecordBytes } from './message-writer.ts';

/** How a message is written. */
export interface WriteMessageOptions {
  /** What the transport takes. Default: 65,535. Records that pass it are left out, from the end on, and the message is marked truncated. */
  readonly maxBytes?: number;
}

const headerBytes = 12;
const mostBytes = 65_535;

/**
 * Writes a whole message: owners are compressed, and names in RDATA of NS, CNAME, SOA, PTR and MX. The question and OPT stay whatever
 * `maxBytes` is. A response code above 15 needs `edns`; without, it goes out as SERVFAIL, because its low bits would say something
 * else. `TypeError`: a name or the data of a record cannot be written, which `readMessage` never makes.
 */
export function writeMessage(message: DnsMessage, options: WriteMessageOptions = {}): Uint8Array {
  const records = [message.answers, message.authorities, message.additionals];
  const ednsBytes = countEdnsBytes(message.edns);
  const capacity = records.flat().reduce((sum, record) => sum + mostRecordBytes(record), headerBytes + ednsBytes);
  const writer = new MessageWriter(
    capacity + (message.question === null ? 0 : message.question.name.length + 6),
    false,
  );
  const room = Math.min(options.maxBytes ?? mostBytes, mostBytes) - ednsBytes;
  writeHeader(writer, message);
  const isTruncated = !records.every((section, index) =>
    writeSection(writer, section, { room, countAt: 6 + 2 * index }),
  );
  if (isTruncated) writer.bytes[2] = (writer.bytes[2] ?? 0) | 0x02;
  if (message.edns !== null) writeOpt(writer, message.edns, message.rcode);
  return writer.bytes.slice(0, writer.at);
}

function writeHeader(writer: MessageWriter, message: DnsMessage): void {
  const rcode = message.rcode > 15 && message.edns === null ? rcodes.servFail : message.rcode;
  writer.number16(message.id);
  writer.number16(flagsOf(message) + (rcode & 0xf));
  writer.number16(message.question === null ? 0 : 1);
  for (let left = 6; left > 0; left--) writer.number8(0);
  if (message.question === null) return;
  writer.name(message.question.name);
  writer.number16(message.question.type);
  writer.number16(message.question.class);
}

/**
 * The second number of a header, without the response code.
 *
 * @internal
 */
export function flagsOf(message: DnsMessage): number {
  const bits = [
    [message.isResponse, 0x8000],
    [message.isAuthoritative, 0x0400],
    [message.isTruncated, 0x0200],
    [message.recursionDesired, 0x0100],
    [message.recursionAvailable, 0x0080],
    [message.authenticData, 0x0020],
    [message.checkingDisabled, 0x0010],
  ] as const;
  return bits.reduce((sum, [isSet, bit]) => sum + (isSet ? bit : 0), (message.opcode & 0xf) << 11);
}

// Whether all of it found room.
function writeSection(
  writer: MessageWriter,
  records: DnsMessage['answers'],
  { room, countAt }: { readonly room: number; readonly countAt: number },
): boolean {
  let count = 0;
  for (const record of records) {
    const start = writer.at;
    writer.record(record);
    if (writer.at > room) {
      writer.at = start;
      break;
    }
    count++;
  }
  writer.bytes[countAt] = count >> 8;
  writer.bytes[countAt + 1] = count;
  return count === records.length;
}

function countEdnsBytes(edns: DnsEdns | null): number {
  return edns === null ? 0 : edns.options.reduce((sum, { data }) => sum + 4 + data.length, 11);
}

function writeOpt(writer: MessageWriter, edns: DnsEdns, rcode: number): void {
  writer.number8(0);
  writer.number16(dnsTypes.opt);
  writer.number16(edns.payloadBytes);
  writer.number8(rcode >> 4);
  writer.number8(edns.version);
  writer.number16(edns.isDnssecOk ? 0x8000 : 0);
  writer.number16(countEdnsBytes(edns) - 11);
  for (const { code, data } of edns.options) {
    writer.number16(code);
    writer.number16(data.length);
    writer.data(data);
  }
  // One more additional record.
  const count = ((writer.bytes[10] ?? 0) << 8) + (writer.bytes[11] ?? 0) + 1;
  writer.bytes[10] = count >> 8;
  writer.bytes[11] = count;
}
