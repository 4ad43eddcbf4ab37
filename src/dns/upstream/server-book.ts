import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Clock } from '../../base/index.ts';
import { lowerName } from '../../wire/index.ts';
import { parseServer, type UpstreamServer } from './upstream-server.ts';
import { zonesOf } from './zones-of.ts';

/** Which servers answer for which names. */
export interface ServerBook {
  /** The servers for a name: those of the longest zone that holds it, and never those of a shorter one. */
  serversFor(name: string): readonly UpstreamServer[];
  /** All servers of all zones, each once. */
  all(): readonly UpstreamServer[];
}

/** What a book is made of. */
export interface ServerBookOptions {
  readonly clock: Clock;
  /** Servers for names of no zone; null for the system's. */
  readonly servers: readonly string[] | null;
  /** Zones with their servers, as `createUpstreams` takes them. */
  readonly forward: ReadonlyMap<string, readonly string[]>;
  /** Where the system's servers are listed: `/etc/resolv.conf`. */
  readonly systemFile: string;
  /** Told of all servers when those of the system were read again. */
  readonly onChange: (all: readonly UpstreamServer[]) => void;
}

/** A file of the system can change under a long-lived process; reading it this seldom costs nothing. */
const rereadMs = 30_000;
/** As the system's own resolver: only the first three count (resolv.conf(5)). */
const maxSystemServers = 3;

/** Makes the book. Throws a `TypeError` for a server that is none; configuration checks them first. */
export function createServerBook(options: ServerBookOptions): ServerBook {
  const zones = new Map([...options.forward].map(([zone, texts]) => [zoneKey(zone), texts.map(readServer)]));
  const configured = zones.get('') ?? options.servers?.map(readServer);
  zones.delete('');
  const system = createSystemList(options, () => options.onChange(all()));
  const defaults = (): readonly UpstreamServer[] => configured ?? system();
  const all = (): readonly UpstreamServer[] => {
    const every = [...zones.values(), defaults()].flat();
    return [...new Map(every.map((one) => [one.text, one])).values()];
  };
  return {
    serversFor: (name) => {
      for (const zone of zonesOf(lowerName(name))) {
        const servers = zones.get(zone);
        // Even an empty list: a name that is only known inside must not be told to the outside.
        if (servers !== undefined) return servers;
      }
      return defaults();
    },
    all,
  };
}

function zoneKey(zone: string): string {
  return lowerName(zone.replace(/\.$/, ''));
}

function readServer(text: string): UpstreamServer {
  const read = parseServer(text);
  if (!read.ok) throw new TypeError(`"servers": ${read.fault.message}`);
  return read.value;
}

function createSystemList(
  { clock, systemFile }: ServerBookOptions,
  onReread: () => void,
): () => readonly UpstreamServer[] {
  let system: readonly UpstreamServer[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    // The absolute difference: a clock that was set back must not freeze the list.
    if (Math.abs(clock.now() - readAtMs) < rereadMs) return system;
    readAtMs = clock.now();
    system = readSystemServers(systemFile);
    onReread();
    return system;
  };
}

function readSystemServers(path: string): readonly UpstreamServer[] {
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
    .map(readServer);
}
