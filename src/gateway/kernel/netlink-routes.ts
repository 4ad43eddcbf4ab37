import { routeTables } from './kernel-names.ts';
import { listAttributes, type NetlinkMessage, netlinkFlags, readAttributes, writeMessage } from './netlink-messages.ts';

// How this machine routes, as the kernel says it (linux/rtnetlink.h, linux/fib_rules.h, linux/neighbour.h, linux/if_link.h): to see that it is
// as it was, without the programs that tell it in words.

/** What can be listed of it. */
export type RoutingKind = 'link' | 'route' | 'rule' | 'neighbour';

interface RoutingRow {
  readonly type: number;
  /** Bytes of its header, of which four are the `own` of a message. */
  readonly headBytes: number;
  /** What stays of a message, as text; null for one that does not matter. */
  readonly read: (own: Buffer, head: Buffer, attributes: Buffer) => string | null;
}

const [mainTable, permanent] = [254, 0x80];
const tables: ReadonlySet<number> = new Set([mainTable, ...Object.values(routeTables)]);
const [linkName, linkMtu] = [3, 4];
// Times, and what follows from a cable: `RTA_CACHEINFO`, `RTA_EXPIRES`.
const movesInRoute: ReadonlySet<number> = new Set([12, 23]);
const routeTable = 15;
const [neighbourAddress, neighbourMac, neighbourProtocol] = [1, 2, 12];

const rows: Readonly<Record<RoutingKind, RoutingRow>> = {
  link: {
    type: 18,
    headBytes: 16,
    read: (_own, head, attributes) => `${head.readUInt32LE(0)} ${some(attributes, [linkName, linkMtu])}`,
  },
  route: {
    type: 26,
    headBytes: 12,
    read: (own, head, attributes) => {
      const table = readAttributes(attributes).get(routeTable)?.readUInt32LE(0) ?? head[0] ?? 0;
      if (!tables.has(table)) return null;
      const kept = listAttributes(attributes).filter(([type]) => !movesInRoute.has(type));
      return `${hex(own)} ${hex(head.subarray(0, 4))} ${kept.map(([type, value]) => `${type} ${hex(value)}`).join(' ')}`;
    },
  },
  rule: {
    type: 34,
    headBytes: 12,
    read: (own, head, attributes) => `${hex(own)} ${hex(head)} ${hex(attributes)}`,
  },
  neighbour: {
    type: 30,
    headBytes: 12,
    read: (_own, head, attributes) => {
      if ((head.readUInt16LE(4) & permanent) === 0) return null;
      const kept = some(attributes, [neighbourAddress, neighbourMac, neighbourProtocol]);
      return `${head.readUInt32LE(0)} ${kept}`;
    },
  },
};

/** All kinds, in the order in which they are listed. */
export const routingKinds = Object.keys(rows) as readonly RoutingKind[];

/** Asks for all of a kind. */
export function writeRoutingDump(kind: RoutingKind, sequence: number): Buffer {
  const { type, headBytes } = rows[kind];
  const flags = netlinkFlags.request | netlinkFlags.dump;
  return writeMessage({ type, flags, sequence, own: [0, 0, 0, 0] }, Buffer.alloc(headBytes - 4));
}

/** What stays of what was listed: interfaces with their names, routes of `main` and of our tables, rules, pinned neighbours. In order. */
export function routingParts(kind: RoutingKind, messages: readonly NetlinkMessage[]): readonly string[] {
  const { headBytes, read } = rows[kind];
  return messages
    .flatMap(({ own, body }) => {
      if (body.length < headBytes - 4) return [];
      return read(own, body.subarray(0, headBytes - 4), body.subarray(headBytes - 4)) ?? [];
    })
    .sort();
}

function some(attributes: Buffer, types: readonly number[]): string {
  const all = readAttributes(attributes);
  return types.map((type) => hex(all.get(type) ?? Buffer.alloc(0))).join(' ');
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex');
}
