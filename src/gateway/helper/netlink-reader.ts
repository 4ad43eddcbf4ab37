import { createHash } from 'node:crypto';
import { createTurns } from '../../transport/index.ts';
import type { CountChanges } from '../kernel/kernel-plan.ts';
import { type DumpKind, elementParts, fixedParts, namedThings, shapeKinds, writeDump } from '../kernel/netlink-dump.ts';
import type { NetlinkMessage } from '../kernel/netlink-messages.ts';
import { routingKinds, routingParts, writeRoutingDump } from '../kernel/netlink-routes.ts';
import type { StrangeObject } from '../kernel/plan-text.ts';
import { planMaps, planSets } from '../kernel/table-text.ts';
import { EdgeBook } from './edge-book.ts';
import { NetlinkDumper } from './netlink-dumper.ts';
import { netlinkProtocols } from './netlink-pipe.ts';

/** Reads what the kernel holds for us, without a program that lists it. Null from everything: nobody could look. */
export interface NetlinkReader {
  /** False where there is no such way; then everything else gives null. */
  isPossible(): boolean;
  /** A digest of rules and shapes of our table, without what moves; `goneShape` when it is not there. */
  shape(): Promise<string | null>;
  /** A digest of what the sets of the plan hold. */
  elements(): Promise<string | null>;
  /** What is counted, as far as it is another since a reading. */
  changes(since: number): Promise<CountChanges | null>;
  /** A digest of interfaces, routes of `main` and of our tables, routing rules and pinned neighbours. */
  routing(): Promise<string | null>;
  /** Everything in our table that has a name. */
  things(): Promise<readonly StrangeObject[] | null>;
  close(): void;
}

/** The shape of a table that is not there. */
export const goneShape = 'gone';

/** Makes a reader. `path`: where its program is looked for; default `PATH`, then the folders of the system. */
export function createNetlinkReader(path?: string): NetlinkReader {
  const dumper = new NetlinkDumper({ protocol: netlinkProtocols.netfilter, path });
  const routes = new NetlinkDumper({ protocol: netlinkProtocols.route, path });
  const edges = new EdgeBook(dumper);
  return {
    isPossible: () => dumper.isPossible,
    shape: () => digestShape(dumper),
    elements: () => digestElements(dumper),
    changes: (since) => edges.changes(since),
    routing: () => digestRouting(routes),
    things: () => readThings(dumper),
    close: () => {
      dumper.close();
      routes.close();
    },
  };
}

function dump(
  dumper: NetlinkDumper,
  kind: DumpKind,
  set: string | null = null,
  isLoose = false,
): Promise<readonly NetlinkMessage[] | null> {
  return dumper.list((sequence) => writeDump(kind, set, sequence), isLoose);
}

async function digestShape(dumper: NetlinkDumper): Promise<string | null> {
  const digest = createHash('sha256');
  const turns = createTurns();
  for (const kind of shapeKinds) {
    const messages = await dump(dumper, kind);
    if (messages === null) return null;
    digest.update(kind);
    let isThere = false;
    await turns.each(messages, (message) => {
      const parts = fixedParts(kind, [message]);
      isThere ||= parts.length > 0;
      for (const part of parts) digest.update(part);
    });
    if (kind === 'table' && !isThere) return goneShape;
  }
  return digest.digest('hex');
}

async function digestElements(dumper: NetlinkDumper): Promise<string | null> {
  const digest = createHash('sha256');
  for (const name of [...planSets, ...planMaps]) {
    const messages = await dump(dumper, 'elements', name);
    if (messages === null) return null;
    digest.update(`${name}\n${elementParts(messages).join('\n')}\n`);
  }
  return digest.digest('hex');
}

async function digestRouting(dumper: NetlinkDumper): Promise<string | null> {
  const digest = createHash('sha256');
  for (const kind of routingKinds) {
    const messages = await dumper.list((sequence) => writeRoutingDump(kind, sequence));
    if (messages === null) return null;
    digest.update(`${kind}\n${routingParts(kind, messages).join('\n')}\n`);
  }
  return digest.digest('hex');
}

async function readThings(dumper: NetlinkDumper): Promise<readonly StrangeObject[] | null> {
  const found: StrangeObject[] = [];
  for (const kind of ['chain', 'set', 'object', 'flowtable'] as const) {
    const messages = await dump(dumper, kind);
    if (messages === null) return null;
    found.push(...namedThings(kind, messages));
  }
  return found;
}
