import type { Host } from './destination.ts';
import { embeddedIpv4 } from './embedded-ipv4.ts';
import type { IpAddress } from './ip-address.ts';

/** Names by which a resolver for everybody answers DNS over HTTPS, TLS or QUIC. `below`: names below it count too. */
export interface PublicResolver {
  readonly name: string;
  readonly below: boolean;
  readonly source: string;
}

const list = 'v2fly/domain-list-community data/category-doh, 02c6148';
const longList = 'dibdot/DoH-IP-blocklists doh-domains_overall.txt, 11aca97';
const vendor = "the operator's documentation";
const one = (name: string, source: string): PublicResolver => ({ name, below: false, source });
const all = (name: string, source: string): PublicResolver => ({ name, below: true, source });

/**
 * Resolvers that anybody can use, read on 2026-11-28. A site of the same operator (`www.quad9.net`) is none: only what answers queries is
 * listed. The list is never whole, and need not be: under enforce it closes nothing that is not closed anyway.
 */
export const publicResolvers: readonly PublicResolver[] = [
  one('dns.google', list),
  one('dns.google.com', longList),
  one('8888.google', longList),
  one('dns64.dns.google', vendor),
  all('cloudflare-dns.com', list),
  one('dns.cloudflare.com', list),
  one('one.one.one.one', list),
  all('cloudflare-gateway.com', list),
  ...['dns', 'dns9', 'dns10', 'dns11', 'dns12', 'dns13', 'dns-nosec'].map((label) =>
    one(`${label}.quad9.net`, longList),
  ),
  ...['dns', 'doh', 'doh.familyshield', 'doh.sandbox'].map((label) => one(`${label}.opendns.com`, list)),
  one('doh.umbrella.com', vendor),
  one('dns.umbrella.com', longList),
  ...['doh', 'family-filter-dns', 'adult-filter-dns', 'security-filter-dns'].map((label) =>
    one(`${label}.cleanbrowsing.org`, longList),
  ),
  all('dns.nextdns.io', list),
  ...['dns1', 'dns2', 'doh3'].map((label) => one(`${label}.nextdns.io`, vendor)),
  ...['dns', 'dns-family', 'dns-unfiltered'].map((label) => one(`${label}.adguard.com`, longList)),
  ...['dns', 'family', 'unfiltered'].map((label) => one(`${label}.adguard-dns.com`, list)),
  all('d.adguard-dns.com', longList),
  all('dns.controld.com', vendor),
  one('freedns.controld.com', list),
  one('doh.dns.apple.com', list),
  all('dns.mullvad.net', list),
  all('doh.mullvad.net', longList),
  all('dns0.eu', list),
  all('joindns4.eu', list),
  all('doh.sb', list),
  one('doh.dns.sb', list),
  one('dns.sb', list),
  one('dns.alidns.com', list),
  all('doh.pub', list),
  one('dns.pub', list),
  one('doh.360.cn', list),
  ...['doh', 'doh-pure'].map((label) => one(`${label}.onedns.net`, list)),
  all('dot.dns.yandex.net', list),
  one('dns.yandex.ru', longList),
  one('dns.switch.ch', list),
  ...['dns', 'dns1', 'dns2'].map((label) => one(`${label}.digitale-gesellschaft.ch`, longList)),
  one('doh.applied-privacy.net', list),
  all('canadianshield.cira.ca', list),
  one('odvr.nic.cz', list),
  one('dnsforge.de', list),
  one('clean.dnsforge.de', longList),
  one('doh.libredns.gr', list),
  one('basic.rethinkdns.com', list),
  one('wikimedia-dns.org', list),
  one('ordns.he.net', list),
  one('public.dns.iij.jp', list),
  one('kaitain.restena.lu', list),
  one('dns.twnic.tw', list),
  one('resolver.dnsprivacy.org.uk', list),
  one('doh.ffmuc.net', list),
  one('dns.surfsharkdns.com', list),
  ...['dns', 'router'].map((label) => one(`${label}.comss.one`, list)),
];

/**
 * Addresses of public resolvers that serve nothing else, so that closing them closes DNS over TLS, HTTPS and QUIC and breaks no site. Resolvers
 * behind shared addresses are known by name. Source: the operators' own pages on how to set their resolvers up.
 */
export const publicResolverAddresses: readonly string[] = [
  // Cloudflare
  ...['1.1.1.1', '1.0.0.1', '1.1.1.2', '1.0.0.2', '1.1.1.3', '1.0.0.3'],
  ...['2606:4700:4700::1111', '2606:4700:4700::1001', '2606:4700:4700::1112', '2606:4700:4700::1002'],
  // Google
  ...['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'],
  // Quad9
  ...['9.9.9.9', '149.112.112.112', '9.9.9.10', '149.112.112.10', '9.9.9.11', '149.112.112.11'],
  ...['2620:fe::fe', '2620:fe::9', '2620:fe::10', '2620:fe::fe:10'],
  // OpenDNS
  ...['208.67.222.222', '208.67.220.220', '2620:119:35::35', '2620:119:53::53'],
  // AdGuard
  ...['94.140.14.14', '94.140.15.15', '2a10:50c0::ad1:ff', '2a10:50c0::ad2:ff'],
];

const byName: ReadonlyMap<string, PublicResolver> = new Map(publicResolvers.map((row) => [row.name, row]));
const addresses: ReadonlySet<string> = new Set(publicResolverAddresses);

/**
 * What of the lists a host is: `dns.google`, `*.dns.nextdns.io` for a name below one, `8.8.8.8`; null for other hosts. An IPv4 address that is
 * carried in an IPv6 one counts: a gateway may translate to it.
 */
export function findPublicResolver(host: Host): string | null {
  return host.kind === 'name' ? findName(host.name) : findAddress(host.address);
}

function findName(name: string): string | null {
  if (byName.has(name)) return name;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const above = name.slice(dot + 1);
    if (byName.get(above)?.below === true) return `*.${above}`;
  }
  return null;
}

function findAddress(address: IpAddress): string | null {
  for (const each of [address, ...embeddedIpv4(address)]) if (addresses.has(each.text)) return each.text;
  return null;
}
