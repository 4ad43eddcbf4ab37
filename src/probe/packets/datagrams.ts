import { randomBytes } from 'node:crypto';

/** What a datagram pretends to be. */
export type DatagramKind = 'text' | 'quic' | 'ntp';

/** A datagram of a kind with a mark in it. */
export function writeDatagram(kind: DatagramKind, mark: string): Uint8Array {
  if (kind === 'quic') return writeQuicInitial(mark);
  return kind === 'ntp' ? writeNtp(3, Buffer.from(mark)) : Buffer.from(mark);
}

/** What a canary says to a datagram: of the kind that came, with a proof in it. */
export function writeDatagramReply(asked: Uint8Array, proof: Uint8Array, text: string): Uint8Array {
  if (isQuicInitial(asked)) return writeVersionNegotiation(asked, proof);
  return isNtp(asked) ? writeNtp(4, proof) : Buffer.from(`exeat-canary ${text}\n`);
}

const quicInitialBytes = 1200;

// Long header, type Initial, version 1, ids of 8 bytes (RFC 9000 section 17.2.2), as long as a client must make it (section 14.1). The
// payload is no CRYPTO frame: nobody on the way is to find a name in it, and the canary needs none.
function writeQuicInitial(mark: string): Uint8Array {
  const head = Buffer.concat([
    Buffer.from([0xc3, 0, 0, 0, 1, 8]),
    randomBytes(8),
    Buffer.from([8]),
    randomBytes(8),
    Buffer.from([0]),
  ]);
  const payload = Buffer.concat([randomBytes(20), Buffer.from(mark)]);
  const rest = quicInitialBytes - head.length - 2 - payload.length;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(0x4000 + payload.length + rest);
  return Buffer.concat([head, length, payload, Buffer.alloc(rest)]);
}

function isQuicInitial(bytes: Uint8Array): boolean {
  return bytes.length >= quicInitialBytes && ((bytes[0] ?? 0) & 0xc0) === 0xc0;
}

// Version 0 and a list of versions (RFC 9000 section 17.2.1): the proof is the list. The ids of the client change places.
function writeVersionNegotiation(asked: Uint8Array, proof: Uint8Array): Uint8Array {
  const there = readId(asked, 5);
  const back = readId(asked, 5 + there.length);
  return Buffer.concat([Buffer.from([0xc0, 0, 0, 0, 0]), back, there, proof]);
}

// With its length in front, which is at most 20 (RFC 9000 section 17.2).
function readId(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.subarray(at, at + 1 + Math.min(bytes[at] ?? 0, 20));
}

const ntpBytes = 48;
// Version 4 in bits 3 to 5; mode 3 is a client, 4 a server.
const ntpVersion = 4 << 3;

// The fixed part, then one extension field (RFC 7822): type, length, and a value padded to whole words.
function writeNtp(mode: 3 | 4, value: Uint8Array): Uint8Array {
  const head = Buffer.alloc(ntpBytes);
  head[0] = ntpVersion + mode;
  head.writeUInt32BE(2_208_988_800, 40);
  const fieldBytes = Math.max(28, 4 + Math.ceil(value.length / 4) * 4);
  const field = Buffer.alloc(fieldBytes);
  field.writeUInt16BE(0xf323, 0);
  field.writeUInt16BE(fieldBytes, 2);
  field.set(value, 4);
  return Buffer.concat([head, field]);
}

function isNtp(bytes: Uint8Array): boolean {
  return bytes.length > ntpBytes && bytes[0] === ntpVersion + 3;
}
