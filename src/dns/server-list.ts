import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Clock } from '../base/index.ts';
import type { ServerAddress } from './exchange.ts';

/** Which servers to ask, best first. A server that failed goes last for a while, so that a dead one does not slow every name. */
export interface ServerList {
  ordered(): readonly ServerAddress[];
  noteFailure(server: ServerAddress): void;
}

/** A file of the system can change under a long-lived process; reading it this seldom costs nothing. */
const rereadMs = 30_000;
/** How long a server that failed goes last. */
const penaltyMs = 10_000;
/** As the system's own resolver: only the first three count (resolv.conf(5)). */
const maxSystemServers = 3;

/** Makes the list from configured servers (`192.0.2.53:53`, `[2001:db8::53]:53`, port optional), or from the system's for null. */
export function createServerList(servers: readonly string[] | null, clock: Clock, systemFile: string): ServerList {
  const configured = servers?.map(parseServer);
  const failedUntil = new Map<string, number>();
  let system: readonly ServerAddress[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  const current = (): readonly ServerAddress[] => {
    if (configured !== undefined) return configured;
    // The absolute difference: a clock that was set back must not freeze the list.
    if (Math.abs(clock.now() - readAtMs) < rereadMs) return system;
    readAtMs = clock.now();
    system = readSystemServers(systemFile);
    return system;
  };
  const isGood = (server: ServerAddress): boolean => {
    const left = (failedUntil.get(textOf(server)) ?? 0) - clock.now();
    return left <= 0 || left > penaltyMs;
  };
  return {
    ordered: () => [...current().filter(isGood), ...current().filter((server) => !isGood(server))],
    noteFailure: (server) => {
      failedUntil.set(textOf(server), clock.now() + penaltyMs);
    },
  };
}

function textOf(server: ServerAddress): string {
  return `${server.address}#${server.port}`;
}

function parseServer(text: string): ServerAddress {
  if (isIP(text) !== 0) return { address: text, port: 53 };
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:]+)):(?<port>\d{1,5})$/.exec(text);
  const address = match?.groups?.['six'] ?? match?.groups?.['four'] ?? '';
  const port = Number(match?.groups?.['port']);
  if (isIP(address) === 0 || port < 1 || port > 65_535)
    throw new TypeError(`"servers": \`${text}\` is not an address and port`);
  return { address, port };
}

function readSystemServers(path: string): readonly ServerAddress[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Without the file there are no servers, and every name fails with a fault that says so.
    return [];
  }
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((address) => isIP(address) !== 0)
    .slice(0, maxSystemServers)
    .map((address) => ({ address, port: 53 }));
}
