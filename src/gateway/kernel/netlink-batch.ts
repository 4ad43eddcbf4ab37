import { parseIpAddress } from '../../destination/index.ts';
import type { EntryChange, TimedEntry } from './entry-changes.ts';
import type { ToldEntry } from './kernel-plan.ts';
import {
  nested,
  netlinkFlags,
  netlinkTypes,
  nftTypes,
  ownHeaders,
  readErrno,
  readMessages,
  writeAttribute,
  writeMessage,
  writeName,
} from './netlink-messages.ts';

// Entries as the kernel itself reads them (linux/netfilter/nf_tables.h), in place of a program that would look up the shape of every set of the
// machine for each of them.

/** One transaction as a datagram for a netlink socket of netfilter, and how its answer is known. */
export interface NetlinkBatch {
  readonly bytes: Uint8Array;
  /** The number of its first message, which is refused where the whole is. */
  readonly first: number;
  /** The number of its last change, which is always answered. */
  readonly last: number;
}

/** What the kernel said of a message. `errno` 0: it is in force. */
export interface NetlinkAnswer {
  readonly sequence: number;
  readonly errno: number;
}

const listAttributes = { table: 1, set: 2, elements: 3 };
const elementAttributes = { key: 1, timeout: 4, keyEnd: 10 };
const protocols = { tcp: 6, udp: 17 } as const;
// The elements of a message are one attribute, whose length has 16 bits; one of IPv6 with a run of ports needs 96 bytes.
const elementsAMessage = 512;

/** How many numbers a batch of these changes takes. */
export function messagesOf(changes: readonly EntryChange[]): number {
  return 2 + changes.reduce((sum, { entries }) => sum + Math.max(1, Math.ceil(entries.length / elementsAMessage)), 0);
}

/** Writes a transaction. `sequence` is the number of its first message; {@link messagesOf} says how many there are. */
export function writeBatch(changes: readonly EntryChange[], sequence: number): NetlinkBatch {
  const parts = changes.flatMap((change) => splitChange(change));
  const last = sequence + parts.length;
  const edge = (type: number, number: number): Buffer =>
    writeMessage({ type, flags: netlinkFlags.request, sequence: number, own: ownHeaders.batch });
  const bytes = Buffer.concat([
    edge(netlinkTypes.batchBegin, sequence),
    ...parts.map((part, at) => changeMessage(part, sequence + 1 + at, sequence + 1 + at === last)),
    edge(netlinkTypes.batchEnd, last + 1),
  ]);
  return { bytes, first: sequence, last };
}

/** Reads the answers of a datagram that came back; what is no answer is left out. */
export function readAnswers(datagram: Buffer): readonly NetlinkAnswer[] {
  return readMessages(datagram).flatMap((message) => {
    const errno = readErrno(message);
    return errno === null ? [] : [{ sequence: message.sequence, errno }];
  });
}

function splitChange(change: EntryChange): readonly EntryChange[] {
  if (change.does === 'flush') return [change];
  const parts: EntryChange[] = [];
  for (let at = 0; at < change.entries.length; at += elementsAMessage) {
    const end = at + elementsAMessage;
    if (change.does === 'add') parts.push({ ...change, entries: change.entries.slice(at, end) });
    else parts.push({ ...change, entries: change.entries.slice(at, end) });
  }
  return parts;
}

function changeMessage(change: EntryChange, sequence: number, isLast: boolean): Buffer {
  const type = change.does === 'add' ? nftTypes.newElement : nftTypes.deleteElement;
  const entries: readonly ToldEntry[] = change.entries;
  const elements = entries.map((entry) =>
    writeAttribute(1 | nested, elementBody(entry, change.does === 'add' ? (entry as TimedEntry).seconds : null)),
  );
  const body = Buffer.concat([
    writeName(listAttributes.table),
    writeName(listAttributes.set, change.set),
    // To delete without saying what is to empty the set.
    ...(change.does === 'flush' ? [] : [writeAttribute(listAttributes.elements | nested, Buffer.concat(elements))]),
  ]);
  const flags = netlinkFlags.request | (isLast ? netlinkFlags.ack : 0);
  return writeMessage({ type, flags, sequence, own: ownHeaders.table }, body);
}

function elementBody(entry: ToldEntry, seconds: number | null): Buffer {
  const { from, to } = entry.ports;
  const parts = [writeAttribute(elementAttributes.key | nested, writeAttribute(1, keyBytes(entry, from)))];
  // Only sets of intervals have an end of the key.
  if (from !== to)
    parts.push(writeAttribute(elementAttributes.keyEnd | nested, writeAttribute(1, keyBytes(entry, to))));
  if (seconds !== null) {
    const timeout = Buffer.alloc(8);
    timeout.writeBigUInt64BE(BigInt(seconds) * 1_000n);
    parts.push(writeAttribute(elementAttributes.timeout, timeout));
  }
  return Buffer.concat(parts);
}

// Fields one after the other, each filled up to four bytes: mark, address, protocol, port.
function keyBytes({ serviceId, address, protocol, ports }: ToldEntry, port: number): Buffer {
  const parsed = parseIpAddress(address);
  if (!parsed.ok) throw new TypeError('"address" is not one: only parsed entries come here');
  const { words } = parsed.value;
  const bytes = Buffer.alloc(12 + words.length * 4);
  // Intervals are ordered by bytes, so what is a number of the machine elsewhere is one of the network in sets of them.
  if (ports.from === ports.to) bytes.writeUInt32LE(serviceId, 0);
  else bytes.writeUInt32BE(serviceId, 0);
  for (const [at, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, 4 + at * 4);
  bytes[4 + words.length * 4] = protocols[protocol];
  bytes.writeUInt16BE(port, 8 + words.length * 4);
  return bytes;
}
