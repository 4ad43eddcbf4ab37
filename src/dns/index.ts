export { createResolver, type DnsResolver, type ResolverCounts, type ResolverOptions } from './create-resolver.ts';
export { createFilter, type DnsFilter, type FilterCounts } from './filter/create-filter.ts';
export type { ExplainedQuery, ExplainedStep } from './filter/explain-query.ts';
export type { Denial, FilterOptions, FilterSettings, QueryJudge } from './filter/filter-options.ts';
export { createDnsListener, type DnsListener } from './listen/create-dns-listener.ts';
export { giveDatagramSocket } from './listen/given-datagram-socket.ts';
export { createLookup, type Lookup } from './lookup/create-lookup.ts';
export { createFileZone } from './rpz/file-zone.ts';
export { openRpz, type RpzIndex } from './rpz/open-rpz.ts';
export type { RpzSource } from './rpz/rpz-source.ts';
export { type RpzZone, RpzZoneBuilder } from './rpz/rpz-zone.ts';
export { createZoneTransfer } from './rpz/transfer.ts';
export { createUpstreams } from './upstream/create-upstreams.ts';
export type { UpstreamQuestion } from './upstream/query.ts';
export type { ServerHealth } from './upstream/server-health.ts';
export type { AddressOutcome, AddressType } from './upstream/take-addresses.ts';
export type { UpstreamServer, UpstreamTransport } from './upstream/upstream-server.ts';
export type {
  UpstreamAnswer,
  UpstreamCounts,
  UpstreamFault,
  UpstreamOptions,
  Upstreams,
} from './upstream/upstreams.ts';
export { type Chain, walkChain } from './upstream/walk-chain.ts';
export { createLocalZones, type LocalZones } from './zones/local-zones.ts';
export { linesOf, type ParsedZone, parseZone } from './zones/parse-zone.ts';
export { readZoneRecords } from './zones/zone-reader.ts';
