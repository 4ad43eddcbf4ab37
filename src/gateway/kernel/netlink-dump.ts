import { ipAddressFromWords } from '../../destination/index.ts';
import type { DropCounts, EdgeCount } from './kernel-plan.ts';
import {
  isOurTable,
  listAttributes,
  type NetlinkMessage,
  netlinkFlags,
  nftTypes,
  ownHeaders,
  readAttributes,
  readName,
  writeMessage,
  writeName,
} from './netlink-messages.ts';
import type { StrangeObject } from './plan-text.ts';

// What the kernel holds for us, as it says it itself: a program that lists a table reads every element of every set, whatever it prints.

/** What can be listed of our table. `elements` are those of a set. */
export type DumpKind = 'table' | 'chain' | 'rule' | 'set' | 'object' | 'flowtable' | 'elements';

interface DumpRow {
  readonly type: number;
  /** The attribute that names the table. */
  readonly table: number;
  /** Attributes that say how a thing is, in place of what moves in it: counts, uses, positions. */
  readonly fixed: readonly number[];
}

// linux/netfilter/nf_tables.h: NFTA_TABLE_*, NFTA_CHAIN_*, NFTA_RULE_*, NFTA_SET_*, NFTA_OBJ_*, NFTA_FLOWTABLE_*.
const rows: Readonly<Record<DumpKind, DumpRow>> = {
  table: { type: nftTypes.getTable, table: 1, fixed: [1, 2, 4] },
  chain: { type: nftTypes.getChain, table: 1, fixed: [2, 3, 4, 5, 7, 10] },
  rule: { type: nftTypes.getRule, table: 1, fixed: [2, 3, 4, 7] },
  set: { type: nftTypes.getSet, table: 1, fixed: [2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 16, 17, 18] },
  object: { type: nftTypes.getObject, table: 1, fixed: [2, 3, 6] },
  flowtable: { type: nftTypes.getFlowtable, table: 1, fixed: [2] },
  elements: { type: nftTypes.getElement, table: 1, fixed: [] },
};
const names = { chain: 3, set: 2, object: 2, flowtable: 2 } as const;
const [setFlags, anonymousFlag, mapFlag, objectType] = [3, 1, 8, 3];
const objectKinds: Readonly<Record<number, string>> = { 1: 'counter', 2: 'quota', 4: 'limit' };
const elementsAttribute = 3;
const [attributeBytes, typeMask] = [4, 0x3fff];
const element = { key: 1, data: 2, flags: 3, expression: 7, keyEnd: 10 } as const;
const [dataValue, expressionData, counterBytes, counterPackets, objectData] = [1, 2, 1, 2, 4];

/** What shows that the table is as it was made, one kind after the other. */
export const shapeKinds: readonly DumpKind[] = ['table', 'chain', 'rule', 'set', 'object', 'flowtable'];

/** Asks for all things of a kind. */
export function writeDump(kind: DumpKind, set: string | null, sequence: number): Buffer {
  const { type, table } = rows[kind];
  const flags = netlinkFlags.request | netlinkFlags.dump;
  const body = [
    ...(kind === 'chain' || kind === 'table' ? [] : [writeName(table)]),
    ...(set === null ? [] : [writeName(2, set)]),
  ];
  return writeMessage({ type, flags, sequence, own: ownHeaders.table }, Buffer.concat(body));
}

/** What is fixed about the things of our table, in the order in which the kernel holds them. */
export function fixedParts(kind: DumpKind, messages: readonly NetlinkMessage[]): readonly Buffer[] {
  const { table, fixed } = rows[kind];
  return messages.flatMap(({ body }) => {
    const attributes = readAttributes(body);
    if (!isOurTable(attributes.get(table))) return [];
    return fixed.flatMap((type) => {
      const value = attributes.get(type);
      return value === undefined ? [] : [Buffer.from([type, value.length & 0xff, value.length >> 8]), value];
    });
  });
}

/** Elements of a set of the plan: key, end of the key and value, without what the kernel adds. Of no order where the set has none. */
export function elementParts(messages: readonly NetlinkMessage[]): readonly string[] {
  return elementsOf(messages)
    .map((one) =>
      [element.key, element.keyEnd, element.data, element.flags]
        .map((type) => one.get(type)?.toString('latin1') ?? '')
        .join('\n'),
    )
    .sort();
}

/** The things of our table by name; anonymous sets are a part of their rules. */
export function namedThings(kind: keyof typeof names, messages: readonly NetlinkMessage[]): readonly StrangeObject[] {
  return messages.flatMap(({ body }) => {
    const attributes = readAttributes(body);
    const name = attributes.get(names[kind]);
    if (name === undefined || !isOurTable(attributes.get(rows[kind].table))) return [];
    const what = kindOf(kind, attributes);
    return what === null ? [] : [{ kind: what, name: readName(name) }];
  });
}

/** Tells each counted element of a listed message: its key, of which each letter is a byte, and what was counted. Nothing else is read. */
export function eachCount(body: Buffer, take: (key: string, packets: number, bytes: number) => void): void {
  const list = locate(body, 0, body.length, elementsAttribute);
  if (list < 0) return;
  const end = endOf(body, list);
  for (let at = list + attributeBytes; at + attributeBytes <= end; ) {
    const length = body.readUInt16LE(at);
    if (length < attributeBytes || at + length > end) return;
    const key = within(body, at, [element.key, dataValue]);
    const counter = within(body, at, [element.expression, expressionData]);
    if (key >= 0 && counter >= 0) {
      const [packets, bytes] = [within(body, counter, [counterPackets]), within(body, counter, [counterBytes])];
      const text = body.toString('latin1', key + attributeBytes, endOf(body, key));
      take(text, number64At(body, packets), number64At(body, bytes));
    }
    at += (length + 3) & ~3;
  }
}

/** The edge of such a key: service, source, address, protocol and, where the set has one, port. None where it is too short. */
export function edgeOfKey(
  family: 4 | 6,
  text: string,
  { packets, bytes }: Pick<EdgeCount, 'packets' | 'bytes'>,
): readonly EdgeCount[] {
  const key = Buffer.from(text, 'latin1');
  const addressBytes = family === 4 ? 4 : 16;
  const shortest = 4 + 2 * addressBytes + 4;
  if (key.length < shortest) return [];
  return [
    {
      serviceId: key.readUInt32LE(0),
      family,
      source: addressAt(key, 4, addressBytes),
      address: addressAt(key, 4 + addressBytes, addressBytes),
      protocol: key[4 + 2 * addressBytes] ?? 0,
      port: key.length >= shortest + 4 ? key.readUInt16BE(shortest) : null,
      packets,
      bytes,
    },
  ];
}

/** The packets of our counters. */
export function dropCounts(messages: readonly NetlinkMessage[]): DropCounts {
  const packets = new Map(
    messages.flatMap(({ body }): readonly (readonly [string, number])[] => {
      const attributes = readAttributes(body);
      const [name, data] = [attributes.get(names.object), attributes.get(objectData)];
      if (name === undefined || data === undefined || !isOurTable(attributes.get(rows.object.table))) return [];
      return [[readName(name), number64(readAttributes(data).get(counterPackets))]];
    }),
  );
  const of = (name: string): number => packets.get(name) ?? 0;
  return { spoofed: of('spoofed'), invalid: of('invalid'), inbound: of('inbound') };
}

// Where an attribute of a type is between two places; -1 where it is not.
function locate(bytes: Buffer, from: number, end: number, type: number): number {
  for (let at = from; at + attributeBytes <= end; ) {
    const length = bytes.readUInt16LE(at);
    if (length < attributeBytes || at + length > end) return -1;
    if ((bytes.readUInt16LE(at + 2) & typeMask) === type) return at;
    at += (length + 3) & ~3;
  }
  return -1;
}

// The attribute that is reached through those of a path, one in the other.
function within(bytes: Buffer, outer: number, path: readonly number[]): number {
  let at = outer;
  for (const type of path) {
    at = locate(bytes, at + attributeBytes, endOf(bytes, at), type);
    if (at < 0) return -1;
  }
  return at;
}

function endOf(bytes: Buffer, at: number): number {
  return at + bytes.readUInt16LE(at);
}

function number64At(bytes: Buffer, at: number): number {
  if (at < 0 || endOf(bytes, at) !== at + attributeBytes + 8) return 0;
  return bytes.readUInt32BE(at + attributeBytes) * 2 ** 32 + bytes.readUInt32BE(at + attributeBytes + 4);
}

function kindOf(kind: keyof typeof names, attributes: ReadonlyMap<number, Buffer>): string | null {
  if (kind === 'object') return objectKinds[number32(attributes.get(objectType))] ?? null;
  if (kind !== 'set') return kind;
  const flags = number32(attributes.get(setFlags));
  if ((flags & anonymousFlag) !== 0) return null;
  return (flags & mapFlag) === 0 ? 'set' : 'map';
}

function elementsOf(messages: readonly NetlinkMessage[]): readonly ReadonlyMap<number, Buffer>[] {
  return messages.flatMap(({ body }) => {
    const list = readAttributes(body).get(elementsAttribute) ?? Buffer.alloc(0);
    return listAttributes(list).map(([, one]) => readAttributes(one));
  });
}

function addressAt(key: Buffer, at: number, bytes: number): string {
  const words = Array.from({ length: bytes / 4 }, (_, word) => key.readUInt32BE(at + word * 4));
  return ipAddressFromWords(words).text;
}

function number32(bytes: Buffer | undefined): number {
  return bytes?.length === 4 ? bytes.readUInt32BE(0) : 0;
}

function number64(bytes: Buffer | undefined): number {
  return bytes?.length === 8 ? Number(bytes.readBigUInt64BE(0)) : 0;
}
