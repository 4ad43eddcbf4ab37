export { createResolver, type DnsResolver, type ResolverCounts, type ResolverOptions } from './create-resolver.ts';
export { createUpstreams } from './upstream/create-upstreams.ts';
export type { UpstreamQuestion } from './upstream/query.ts';
export type { ServerHealth } from './upstream/server-health.ts';
export { type AddressOutcome, type AddressType, negativeTtlSeconds, takeAddresses } from './upstream/take-addresses.ts';
export { parseServer, type UpstreamServer, type UpstreamTransport } from './upstream/upstream-server.ts';
export type {
  UpstreamAnswer,
  UpstreamCounts,
  UpstreamFault,
  UpstreamOptions,
  Upstreams,
} from './upstream/upstreams.ts';
export { type Chain, walkChain } from './upstream/walk-chain.ts';
