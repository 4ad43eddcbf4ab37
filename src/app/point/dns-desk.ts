import { readFileSync } from 'node:fs';
import { ExeatError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { type IpAddress, parseIpAddress } from '../../destination/index.ts';
import {
  createDnsListener,
  createFilter,
  createLocalZones,
  createLookup,
  createResolver,
  createUpstreams,
  type DnsFilter,
  type DnsListener,
  type DnsResolver,
  type FilterOptions,
  type Lookup,
  type ParsedZone,
  parseZone,
  type Upstreams,
  walkChain,
} from '../../dns/index.ts';
import type { TransportDriver } from '../../transport/index.ts';
import { readMessage } from '../../wire/index.ts';
import type { ResponseZones } from './response-zones.ts';

/** Everything of the point that speaks DNS: what asks servers, what the proxy resolves by, the filter and its sockets. */
export interface DnsDesk {
  readonly upstreams: Upstreams;
  readonly resolver: DnsResolver;
  readonly lookup: Lookup;
  readonly filter: DnsFilter;
  readonly listener: DnsListener;
  /** A filter like that one for askers of another kind. */
  filterFor(parts: AskerParts): DnsFilter;
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** Who askers are, where what they ask is recorded, and whether packets of theirs lead out through the gateway. */
export interface AskerParts extends Pick<FilterOptions, 'records'>, Pick<FilterOptions['judge'], 'identify'> {
  readonly isRouted: boolean;
}

/** What it is made of. */
export interface DnsDeskParts
  extends Pick<
    FilterOptions,
    'clock' | 'newId' | 'policy' | 'judge' | 'verifier' | 'records' | 'observer' | 'queryTypes' | 'answerSink'
  > {
  readonly config: Config;
  readonly zones: ResponseZones;
  readonly tls: Parameters<typeof createDnsListener>[0]['tls'];
  readonly driver: Pick<TransportDriver, 'createDatagramSocket'>;
}

const flushMs = 500;

/** Makes the parts; nothing listens yet. Throws an ExeatError with one line for a zone file that cannot be used. */
export function openDnsDesk(parts: DnsDeskParts): DnsDesk {
  const { config, clock } = parts;
  const { dns, resolver: servers } = config;
  const forward = new Map(Object.entries(dns.forward));
  const upstreams = createUpstreams({ clock, servers: servers.servers, forward });
  const local = createLocalZones(readZones(dns.zones), { forwarded: [...forward.keys()] });
  const lookup = createLookup({
    clock,
    upstream: upstreams,
    hosts: new Map(Object.entries(config.hosts).map(([name, texts]) => [name, addressesOf(texts)])),
    zones: local,
    chainOf: walkChain,
    maxBytes: dns.cacheBytes,
    staleForMs: dns.staleForMs,
  });
  const filterOptions: FilterOptions = {
    ...parts,
    lookup,
    zones: parts.zones.index,
    settings: {
      denial: dns.denial === 'sinkhole' ? { sinkhole: addressesOf(dns.sinkhole) } : dns.denial,
      denialTtlSeconds: Math.ceil(dns.denialTtlMs / 1_000),
      sample: dns.sample,
      onFull: config.audit.onFull,
      searchDomains: dns.searchDomains,
    },
  };
  const filter = createFilter(filterOptions);
  const listener = createDnsListener({
    answer: (query, client, into) => filter.answer(query, client, into),
    ttlOf,
    clock,
    tls: parts.tls ?? null,
    createDatagramSocket: parts.driver.createDatagramSocket,
    limits: { questionsPerSecond: dns.perClient, questionBurst: 2 * dns.perClient },
  });
  const flushing = setInterval(() => filter.flush(false), flushMs);
  flushing.unref();
  return {
    ...{ upstreams, lookup, filter, listener },
    filterFor: ({ records, identify, isRouted }) => {
      const answerSink = isRouted ? filterOptions.answerSink : null;
      return createFilter({ ...filterOptions, records, judge: { ...parts.judge, identify }, answerSink });
    },
    // One memory for both: what the filter told is what the proxy dials.
    resolver: createResolver({
      ...{ clock, hosts: config.hosts },
      source: { ask: ({ name, type }) => lookup.message(name, type), counts: () => upstreams.counts() },
    }),
    close: async (options) => {
      await listener.close(options);
      clearInterval(flushing);
      filter.flush(true);
      await parts.zones.close();
      upstreams.close();
    },
  };
}

function addressesOf(texts: readonly string[]): readonly IpAddress[] {
  return texts.flatMap((text) => {
    const parsed = parseIpAddress(text);
    return parsed.ok ? [parsed.value] : [];
  });
}

function readZones(zones: Config['dns']['zones']): readonly ParsedZone[] {
  return Object.entries(zones).map(([origin, path]) => {
    const zone = parseZone(readZone(path), { origin, path });
    if (!zone.ok) throw new ExeatError(zone.fault.code, zone.fault.message);
    if (zone.value.origin === origin) return zone.value;
    throw new ExeatError('zone_elsewhere', `${path}: it is the zone \`${zone.value.origin}\`, not \`${origin}\``);
  });
}

function readZone(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ExeatError('zone_unreadable', `zone file \`${path}\` cannot be read (${code})`);
  }
}

/** For how long an HTTP cache may keep a reply: as long as its first record holds, and not at all where there is none. */
export function ttlOf(reply: Uint8Array): number {
  const message = readMessage(reply);
  if (!message.ok) return 0;
  const records = [...message.value.answers, ...message.value.authorities];
  return records.length === 0 ? 0 : Math.min(...records.map(({ ttl }) => ttl));
}
