import { tableName } from './kernel-names.ts';

// Messages of netlink (linux/netlink.h, linux/netfilter/nfnetlink.h). Header fields are in the order of the machine's bytes, which is that of
// every machine that Node runs on here; what is meant for the network in that of the network.

/** A message: its kind, its number, and its attributes without the headers. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The first four bytes of its own header; none of what netlink itself says. */
  readonly own: Buffer;
  readonly body: Buffer;
}

/** Kinds of messages of netlink itself. */
export const netlinkTypes = { error: 2, done: 3, batchBegin: 16, batchEnd: 17 } as const;
/** Kinds of messages of nftables (subsystem 10). */
export const nftTypes = {
  getTable: 0xa01,
  getChain: 0xa04,
  getRule: 0xa07,
  getSet: 0xa0a,
  newElement: 0xa0c,
  getElement: 0xa0d,
  deleteElement: 0xa0e,
  getObject: 0xa13,
  getFlowtable: 0xa17,
} as const;
/** Flags of a message. `interrupted`: something changed while it was listed. */
export const netlinkFlags = { request: 1, ack: 4, interrupted: 0x10, dump: 0x300 } as const;
/** Marks an attribute that holds attributes. */
export const nested = 0x8000;

const [headerBytes, ownHeaderBytes, attributeBytes] = [16, 4, 4];
const typeMask = 0x3fff;
const table = tableName.split(' ')[1] ?? '';

/** What begins the messages about our table (NFPROTO_INET is 1), and those that begin and end a batch. */
export const ownHeaders = { table: [1, 0, 0, 0], batch: [0, 0, 0, 10] } as const;

/** Writes a message. */
export function writeMessage(
  head: Omit<NetlinkMessage, 'body' | 'own'> & { readonly own: readonly number[] },
  body: Buffer = Buffer.alloc(0),
): Buffer {
  const bytes = Buffer.alloc(headerBytes + ownHeaderBytes);
  bytes.writeUInt32LE(headerBytes + ownHeaderBytes + body.length, 0);
  bytes.writeUInt16LE(head.type, 4);
  bytes.writeUInt16LE(head.flags, 6);
  bytes.writeUInt32LE(head.sequence, 8);
  bytes.set(head.own, headerBytes);
  return Buffer.concat([bytes, body]);
}

/** Writes an attribute, filled up to four bytes. */
export function writeAttribute(type: number, body: Buffer): Buffer {
  const bytes = Buffer.alloc(aligned(attributeBytes + body.length));
  bytes.writeUInt16LE(attributeBytes + body.length, 0);
  bytes.writeUInt16LE(type, 2);
  body.copy(bytes, attributeBytes);
  return bytes;
}

/** Our table, or one of its sets, as an attribute. */
export function writeName(type: number, name: string = table): Buffer {
  return writeAttribute(type, Buffer.from(`${name}\0`));
}

/** Whether an attribute names our table. */
export function isOurTable(attribute: Buffer | undefined): boolean {
  return attribute !== undefined && readName(attribute) === table;
}

/** The name that an attribute holds. */
export function readName(attribute: Buffer): string {
  return attribute.toString('latin1').replace(/\0.*$/s, '');
}

/** The messages of a datagram; what is cut off is none. The body of an error begins with its number, all others behind a header of their own. */
export function readMessages(datagram: Buffer): readonly NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + headerBytes <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < headerBytes || at + length > datagram.length) break;
    const type = datagram.readUInt16LE(at + 4);
    const ownBytes = type === netlinkTypes.error || type === netlinkTypes.done ? 0 : ownHeaderBytes;
    messages.push({
      type,
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      own: datagram.subarray(at + headerBytes, at + Math.min(headerBytes + ownBytes, length)),
      body: datagram.subarray(Math.min(at + headerBytes + ownBytes, at + length), at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** The number of the error (`ENOENT` is 2) that a message tells, 0 for none; null for a message that tells of none. */
export function readErrno({ type, body }: NetlinkMessage): number | null {
  if (type !== netlinkTypes.error || body.length < 4) return null;
  return Math.abs(body.readInt32LE(0));
}

/** Attributes by their type; of several of a type the last. */
export function readAttributes(body: Buffer): ReadonlyMap<number, Buffer> {
  return new Map(listAttributes(body));
}

/** Attributes in order. */
export function listAttributes(body: Buffer): readonly (readonly [type: number, value: Buffer])[] {
  const found: (readonly [number, Buffer])[] = [];
  for (let at = 0; at + attributeBytes <= body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < attributeBytes || at + length > body.length) break;
    found.push([body.readUInt16LE(at + 2) & typeMask, body.subarray(at + attributeBytes, at + length)]);
    at += aligned(length);
  }
  return found;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
