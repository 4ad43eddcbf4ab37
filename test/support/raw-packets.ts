import { isIPv6 } from 'node:net';
import { parseIpAddress } from '../../src/destination/index.ts';

/** A segment of TCP and what is around it. */
export interface Segment {
  readonly from: string;
  readonly to: string;
  readonly sport: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack: number;
  /** Names of flags, one space between: `syn ack`. */
  readonly flags: string;
  readonly data?: Buffer;
  /** Options of TCP, whole words of four bytes. */
  readonly options?: Buffer;
  /** Options of IPv4, whole words of four bytes. */
  readonly ipOptions?: Buffer;
  /** Headers of IPv6 between: the number of each and its bytes, of which the first is set here. */
  readonly between?: readonly { readonly number: number; readonly bytes: Buffer }[];
}

/** What of a segment that came matters to a test. */
export interface HeardSegment {
  readonly sport: number;
  readonly dport: number;
  readonly seq: number;
  readonly flags: readonly string[];
  readonly data: Buffer;
}

const flagBits = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;
const tcp = 6;

/** A packet of IP that holds the segment, with all checksums. */
export function writeSegment(segment: Segment): Buffer {
  return isIPv6(segment.from) ? writeIp6(segment, writeTcp(segment)) : writeIp4(segment, writeTcp(segment));
}

/** Cuts a packet of IPv4 into fragments of so many bytes, a multiple of eight. */
export function fragmentsOf(packet: Buffer, size: number): readonly Buffer[] {
  const body = packet.subarray(20);
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) => {
    const part = Buffer.concat([packet.subarray(0, 20), body.subarray(index * size, (index + 1) * size)]);
    part.writeUInt16BE(part.length, 2);
    part.writeUInt16BE(((index + 1) * size < body.length ? 0x2000 : 0) | ((index * size) / 8), 6);
    part.writeUInt16BE(0, 10);
    part.writeUInt16BE(checksum(part.subarray(0, 20)), 10);
    return part;
  });
}

/** A packet with the header of Ethernet before it. */
export function framed(packet: Buffer, from: string, to: string): Buffer {
  const type = (packet[0] ?? 0) >> 4 === 6 ? '86dd' : '0800';
  return Buffer.concat([Buffer.from(`${to}${from}`.replaceAll(':', ''), 'hex'), Buffer.from(type, 'hex'), packet]);
}

/** The segment in a packet of IP; none where there is none. */
export function readSegment(packet: Buffer): readonly HeardSegment[] {
  const isSix = (packet[0] ?? 0) >> 4 === 6;
  if ((isSix ? packet[6] : packet[9]) !== tcp) return [];
  const start = isSix ? 40 : ((packet[0] ?? 0) & 15) * 4;
  const end = isSix ? 40 + packet.readUInt16BE(4) : packet.readUInt16BE(2);
  const bytes = packet.subarray(start, end);
  const set = bytes[13] ?? 0;
  return [
    {
      sport: bytes.readUInt16BE(0),
      dport: bytes.readUInt16BE(2),
      seq: bytes.readUInt32BE(4),
      flags: Object.entries(flagBits).flatMap(([name, bit]) => ((set & bit) === 0 ? [] : [name])),
      data: bytes.subarray((bytes[12] ?? 0x50) >> 2),
    },
  ];
}

function writeTcp({ from, to, sport, dport, seq, ack, flags, data, options }: Segment): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(sport, 0);
  head.writeUInt16BE(dport, 2);
  head.writeUInt32BE(seq >>> 0, 4);
  head.writeUInt32BE(ack >>> 0, 8);
  head[12] = ((20 + (options?.length ?? 0)) / 4) << 4;
  head[13] = flags.split(' ').reduce((bits, name) => bits | flagBits[name as keyof typeof flagBits], 0);
  head.writeUInt16BE(64_000, 14);
  const all = Buffer.concat([head, options ?? Buffer.alloc(0), data ?? Buffer.alloc(0)]);
  const pseudo = Buffer.concat([addressBytes(from), addressBytes(to), Buffer.from([0, 0, 0, tcp, 0, 0, 0, 0])]);
  pseudo.writeUInt32BE(all.length, pseudo.length - 4);
  all.writeUInt16BE(checksum(Buffer.concat([pseudo, all])), 16);
  return all;
}

function writeIp4({ from, to, ipOptions = Buffer.alloc(0) }: Segment, body: Buffer): Buffer {
  const head = Buffer.concat([Buffer.alloc(12), addressBytes(from), addressBytes(to), ipOptions]);
  head[0] = 0x40 | (head.length / 4);
  head.writeUInt16BE(head.length + body.length, 2);
  head.writeUInt16BE(7, 4);
  head[8] = 64;
  head[9] = tcp;
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, body]);
}

function writeIp6({ from, to, between = [] }: Segment, body: Buffer): Buffer {
  const numbers = [...between.map(({ number }) => number), tcp];
  const headers = between.map(({ bytes }, index) =>
    Buffer.concat([Buffer.from([numbers[index + 1] ?? tcp]), bytes.subarray(1)]),
  );
  const payload = Buffer.concat([...headers, body]);
  const head = Buffer.concat([
    Buffer.from([0x60, 0, 0, 0, 0, 0, numbers[0] ?? tcp, 64]),
    addressBytes(from),
    addressBytes(to),
  ]);
  head.writeUInt16BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

/** The bytes of an address. */
export function addressBytes(address: string): Buffer {
  const parsed = parseIpAddress(address);
  if (!parsed.ok) throw new TypeError(`"${address}" is not an address`);
  const bytes = Buffer.alloc(parsed.value.words.length * 4);
  for (const [at, word] of parsed.value.words.entries()) bytes.writeUInt32BE(word >>> 0, at * 4);
  return bytes;
}

/** The checksum of IP (RFC 1071) over an even number of bytes, or one more that is zero. */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
  return ~sum & 0xffff;
}
