import { Gauge, type Registry } from 'prom-client';
import type { DnsFilter, DnsListener, Lookup, Upstreams } from '../../dns/index.ts';
import type { ResponseZones } from './response-zones.ts';

/** What is read of DNS at each scrape. */
export interface DnsReadings {
  readonly filter: Pick<DnsFilter, 'counts'>;
  readonly lookup: Pick<Lookup, 'counts'>;
  readonly listener: Pick<DnsListener, 'counts'>;
  readonly upstreams: Pick<Upstreams, 'health'>;
  readonly zones: Pick<ResponseZones, 'counts'>;
}

/** Registers the metrics of DNS. Labels are closed sets, or what the configuration names. */
export function registerDnsMetrics(registry: Registry, dns: () => DnsReadings): void {
  const gauge = (name: string, help: string, read: (all: DnsReadings) => number): void => {
    register(registry, { name, help, labelNames: [] }, () => [[{}, read(dns())]]);
  };
  const queries = (name: string, help: string, count: keyof ReturnType<DnsFilter['counts']>): void =>
    gauge(name, help, ({ filter }) => filter.counts()[count]);
  queries('exeat_dns_queries', 'DNS queries since the point started', 'queries');
  queries('exeat_dns_allowed', 'DNS queries that were answered', 'allowed');
  queries('exeat_dns_denied', 'DNS queries that were denied', 'denied');
  queries('exeat_dns_malformed', 'Messages that were no query to answer', 'malformed');
  queries('exeat_dns_failed', 'DNS queries that nobody could answer', 'failed');
  queries('exeat_dns_noise', 'Names that resolvers of clients only tried', 'noise');
  queries('exeat_dns_from_memory', 'DNS queries that were answered from memory', 'fromMemory');
  gauge('exeat_dns_stale', 'DNS answers that were told past their time', ({ lookup }) => lookup.counts().stale);
  gauge('exeat_dns_cache_bytes', 'Memory of the answers that are kept', ({ lookup }) => lookup.counts().bytes);
  gauge(
    'exeat_dns_connections',
    'Connections of DNS clients open now',
    ({ listener }) => listener.counts().connections,
  );
  registerListener(registry, dns);
  registerServers(registry, dns);
  registerZones(registry, dns);
}

function registerListener(registry: Registry, dns: () => DnsReadings): void {
  register(
    registry,
    { name: 'exeat_dns_questions', help: 'Questions that came to the filter', labelNames: ['transport'] },
    () => entriesOf(dns().listener.counts().questions, 'transport'),
  );
  register(
    registry,
    {
      name: 'exeat_dns_turned_away',
      help: 'What the DNS listeners dropped, slowed or cut, by why',
      labelNames: ['reason'],
    },
    () => entriesOf(dns().listener.counts().reasons, 'reason'),
  );
}

function registerServers(registry: Registry, dns: () => DnsReadings): void {
  const each = (name: string, help: string, labelNames: readonly string[], key: 'asked' | 'failed'): void => {
    const read = (): readonly Sample[] =>
      dns()
        .upstreams.health()
        .map((one) => [{ server: one.server }, one[key]]);
    register(registry, { name, help, labelNames }, read);
  };
  each('exeat_dns_upstream_asked', 'Questions to a DNS server', ['server'], 'asked');
  each('exeat_dns_upstream_failed', 'Questions that a DNS server did not answer', ['server'], 'failed');
}

function registerZones(registry: Registry, dns: () => DnsReadings): void {
  const each = (name: string, help: string, labelNames: readonly string[], key: 'entries' | 'unsupported'): void => {
    const read = (): readonly Sample[] =>
      dns()
        .zones.counts()
        .map((one) => [{ zone: one.zone }, one[key]]);
    register(registry, { name, help, labelNames }, read);
  };
  each('exeat_dns_zone_entries', 'Entries of a response policy zone in force', ['zone'], 'entries');
  each('exeat_dns_zone_unsupported', 'Entries of a response policy zone that do nothing here', ['zone'], 'unsupported');
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

function entriesOf(counts: Readonly<Record<string, number>>, label: string): readonly Sample[] {
  return Object.entries(counts).map(([key, value]) => [{ [label]: key }, value]);
}

function register(
  registry: Registry,
  what: { readonly name: string; readonly help: string; readonly labelNames: readonly string[] },
  read: () => readonly Sample[],
): void {
  new Gauge({
    ...what,
    labelNames: [...what.labelNames],
    registers: [registry],
    collect() {
      // A server or a zone may be gone since.
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}
