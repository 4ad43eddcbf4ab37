export { createResolver, type DnsResolver, type ResolverCounts, type ResolverOptions } from './create-resolver.ts';
