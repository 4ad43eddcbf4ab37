import { coversHost } from '../declared-hosts.ts';
import type { Edge } from '../edge.ts';

const list = 'v2fly/domain-list-community data/category-doh, 02c6148';
const vendor = "the operator's documentation";

/** Names by which resolvers for everybody answer DNS over HTTPS or TLS, with who says so; read on 2026-11-28. `*.` has names below it. */
const resolverNames: readonly (readonly [pattern: string, source: string])[] = [
  ['dns.google', list],
  ['dns64.dns.google', vendor],
  ['cloudflare-dns.com', list],
  ['*.cloudflare-dns.com', list],
  ['dns.cloudflare.com', list],
  ['one.one.one.one', list],
  ['*.cloudflare-gateway.com', list],
  ['*.quad9.net', list],
  ['doh.opendns.com', list],
  ['*.opendns.com', list],
  ['doh.umbrella.com', vendor],
  ['*.cleanbrowsing.org', list],
  ['*.nextdns.io', list],
  ['dns.adguard.com', list],
  ['*.adguard-dns.com', list],
  ['*.controld.com', list],
  ['doh.dns.apple.com', list],
  ['dns.mullvad.net', list],
  ['*.dns.mullvad.net', list],
  ['*.dns0.eu', list],
  ['*.joindns4.eu', list],
  ['*.doh.sb', list],
  ['doh.dns.sb', list],
  ['dns.alidns.com', list],
  ['doh.pub', list],
  ['doh.360.cn', list],
  ['*.dot.dns.yandex.net', list],
  ['dns.switch.ch', list],
  ['dns.digitale-gesellschaft.ch', list],
  ['doh.applied-privacy.net', list],
  ['*.canadianshield.cira.ca', list],
  ['odvr.nic.cz', list],
  ['dnsforge.de', list],
  ['doh.libredns.gr', list],
  ['basic.rethinkdns.com', list],
  ['wikimedia-dns.org', list],
  ['ordns.he.net', list],
  ['public.dns.iij.jp', list],
];

/** Addresses of the same: port 443 of them is nothing but DNS over HTTPS. */
const resolverAddresses: ReadonlySet<string> = new Set([
  ...['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'],
  ...['1.1.1.1', '1.0.0.1', '2606:4700:4700::1111', '2606:4700:4700::1001'],
  ...['9.9.9.9', '149.112.112.112', '2620:fe::fe', '2620:fe::9'],
  ...['208.67.222.222', '208.67.220.220'],
]);

/** How a resolver is asked. */
export type ResolverVia = 'dns' | 'tls' | 'https';

const dnsPorts: ReadonlyMap<number, ResolverVia> = new Map([
  [53, 'dns'],
  [853, 'tls'],
]);

/** How an edge asks a resolver, or null where it does something else. A record that says DNS is believed on any port. */
export function resolverViaOf(edge: Pick<Edge, 'port' | 'destination' | 'application'>): ResolverVia | null {
  const via = dnsPorts.get(edge.port) ?? (edge.application === 'dns' ? 'dns' : null);
  if (via !== null) return via;
  return edge.port === 443 && isPublicResolver(edge.destination) ? 'https' : null;
}

function isPublicResolver(host: string): boolean {
  return resolverAddresses.has(host) || resolverNames.some(([pattern]) => coversHost(pattern, host));
}
