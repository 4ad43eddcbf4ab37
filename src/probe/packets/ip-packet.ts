import { parseIpAddress } from '../../destination/index.ts';

/** A UDP datagram over IPv4, as raw and packet sockets send it. */
export interface UdpPacket {
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly payload: Uint8Array;
}

/** An IPv4 packet (RFC 791) with a UDP datagram (RFC 768) in it, without options. */
export function writeUdpPacket(packet: UdpPacket): Uint8Array {
  const udp = writeUdp(packet);
  return Buffer.concat([writeHeader(packet, udp.length, { id: 0, offsetBytes: 0, hasMore: false }), udp]);
}

/** The same in fragments of at most `fragmentBytes` of payload, a multiple of 8. */
export function writeUdpFragments(packet: UdpPacket, fragmentBytes: number): readonly Uint8Array[] {
  const udp = writeUdp(packet);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < udp.length; at += fragmentBytes) {
    const part = udp.subarray(at, at + fragmentBytes);
    const hasMore = at + fragmentBytes < udp.length;
    parts.push(Buffer.concat([writeHeader(packet, part.length, { id: 0x4578, offsetBytes: at, hasMore }), part]));
  }
  return parts;
}

/** An ICMP echo request (RFC 792, RFC 4443), or the reply to it; over IPv6 the kernel works the checksum out. */
export function writeEcho(payload: Uint8Array, type: keyof typeof echoTypes): Uint8Array {
  const message = Buffer.concat([Buffer.from([echoTypes[type], 0, 0, 0, 0x45, 0x78, 0, 1]), payload]);
  if (type !== 'request6') message.writeUInt16BE(checksum(message), 2);
  return message;
}

const echoTypes = { request4: 8, reply4: 0, request6: 128 } as const;

interface Fragment {
  readonly id: number;
  readonly offsetBytes: number;
  readonly hasMore: boolean;
}

function writeHeader({ from, to }: UdpPacket, payloadBytes: number, fragment: Fragment): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payloadBytes, 2);
  header.writeUInt16BE(fragment.id, 4);
  header.writeUInt16BE((fragment.hasMore ? 0x2000 : 0) + fragment.offsetBytes / 8, 6);
  header[8] = 64;
  header[9] = 17;
  header.set(ipv4Bytes(from), 12);
  header.set(ipv4Bytes(to), 16);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

// The checksum of UDP may be left out over IPv4 (RFC 768).
function writeUdp({ fromPort, toPort, payload }: UdpPacket): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(fromPort, 0);
  header.writeUInt16BE(toPort, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

// RFC 1071.
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
  return ~sum & 0xffff;
}

function ipv4Bytes(text: string): Uint8Array {
  const address = parseIpAddress(text);
  if (!address.ok || address.value.family !== 4) throw new TypeError('"from" and "to" are IPv4 addresses');
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address.value.words[0] ?? 0);
  return bytes;
}
