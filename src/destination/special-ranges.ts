import { ExeatError } from '../base/index.ts';
import { parseIpPrefix } from './ip-prefix.ts';
import type { IpPrefix } from './target.ts';

/**
 * Who may be dialled. `public`: any rule. `private`: only through a segment (`via:`). `forbidden`: nobody, ever.
 */
export type AddressKind = 'public' | 'private' | 'forbidden';

/** One special-purpose range: what it is for and who says so. */
export interface SpecialRange {
  readonly prefix: IpPrefix;
  readonly kind: AddressKind;
  readonly name: string;
  readonly source: string;
}

type Row = readonly [prefix: string, kind: AddressKind, name: string, source: string];

// Platform addresses come first: they lie inside ranges that a segment may otherwise open, or look public.
const platformRows: readonly Row[] = [
  ['168.63.129.16', 'forbidden', 'Azure WireServer', 'Azure documentation, IP address 168.63.129.16'],
  ['100.100.100.200', 'forbidden', 'Alibaba Cloud metadata', 'Alibaba ECS instance metadata'],
  ['192.0.0.192', 'forbidden', 'Oracle Cloud Classic metadata', 'Oracle Compute Classic instance metadata'],
  ['fd00:ec2::/32', 'forbidden', 'AWS metadata, DNS, NTP and Pod Identity', 'AWS EC2 instance metadata over IPv6'],
  ['fd20:ce::254', 'forbidden', 'Google Cloud metadata', 'GCE metadata server over IPv6'],
  ['fd00:c1::a9fe:a9fe', 'forbidden', 'Oracle Cloud metadata', 'OCI SDK endpoint over IPv6'],
  ['fd00:a9fe:a9fe::1', 'forbidden', 'Linode metadata', 'Linode metadata service over IPv6'],
  ['fd00:42::42', 'forbidden', 'Scaleway metadata', 'Scaleway instance metadata over IPv6'],
  ['fd00:100::100:200', 'forbidden', 'Alibaba Cloud metadata', 'Alibaba ECS instance metadata over IPv6'],
];

// IANA IPv4 Special-Purpose Address Registry, and multicast. Not globally reachable but forwardable ranges are private.
// 169.254.0.0/16 holds the metadata addresses of most clouds.
const ipv4Rows: readonly Row[] = [
  ['0.0.0.0/8', 'forbidden', 'this network', 'RFC 791 section 3.2'],
  ['10.0.0.0/8', 'private', 'private use', 'RFC 1918'],
  ['100.64.0.0/10', 'private', 'shared address space', 'RFC 6598'],
  ['127.0.0.0/8', 'forbidden', 'loopback', 'RFC 1122 section 3.2.1.3'],
  ['169.254.0.0/16', 'forbidden', 'link-local and metadata', 'RFC 3927'],
  ['172.16.0.0/12', 'private', 'private use', 'RFC 1918'],
  ['192.0.0.0/24', 'forbidden', 'IETF protocol assignments', 'RFC 6890 section 2.1'],
  ['192.0.2.0/24', 'public', 'documentation', 'RFC 5737'],
  ['192.31.196.0/24', 'public', 'AS112', 'RFC 7535'],
  ['192.52.193.0/24', 'public', 'automatic multicast tunnelling', 'RFC 7450'],
  ['192.88.99.0/24', 'forbidden', 'deprecated 6to4 relay anycast', 'RFC 7526'],
  ['192.168.0.0/16', 'private', 'private use', 'RFC 1918'],
  ['192.175.48.0/24', 'public', 'AS112', 'RFC 7534'],
  ['198.18.0.0/15', 'private', 'benchmarking', 'RFC 2544'],
  ['198.51.100.0/24', 'public', 'documentation', 'RFC 5737'],
  ['203.0.113.0/24', 'public', 'documentation', 'RFC 5737'],
  ['224.0.0.0/4', 'forbidden', 'multicast', 'RFC 5771'],
  ['255.255.255.255/32', 'forbidden', 'limited broadcast', 'RFC 919 section 7'],
  ['240.0.0.0/4', 'forbidden', 'reserved', 'RFC 1112 section 4'],
];

// IANA IPv6 Special-Purpose Address Registry, the narrower row before the wider one. What is outside 2000::/3 and not listed is
// reserved by the IETF (RFC 4291 section 2.4): a last row forbids it.
const ipv6Rows: readonly Row[] = [
  ['::/128', 'forbidden', 'unspecified', 'RFC 4291 section 2.5.2'],
  ['::1/128', 'forbidden', 'loopback', 'RFC 4291 section 2.5.3'],
  ['::ffff:0:0/96', 'forbidden', 'IPv4-mapped', 'RFC 4291 section 2.5.5.2'],
  ['::/96', 'forbidden', 'IPv4-compatible', 'RFC 4291 section 2.5.5.1'],
  ['::ffff:0:0:0/96', 'forbidden', 'IPv4-translated', 'RFC 2765 section 2.1'],
  ['64:ff9b::/96', 'public', 'NAT64', 'RFC 6052 section 2.1'],
  ['64:ff9b:1::/48', 'forbidden', 'local-use NAT64', 'RFC 8215'],
  ['100::/64', 'forbidden', 'discard only', 'RFC 6666'],
  ['100:0:0:1::/64', 'forbidden', 'dummy prefix', 'RFC 9780'],
  ['2001::/32', 'forbidden', 'Teredo', 'RFC 4380'],
  ['2001:2::/48', 'private', 'benchmarking', 'RFC 5180'],
  ['2001:3::/32', 'public', 'automatic multicast tunnelling', 'RFC 7450'],
  ['2001:4:112::/48', 'public', 'AS112', 'RFC 7535'],
  ['2001::/23', 'forbidden', 'IETF protocol assignments', 'RFC 2928'],
  ['2001:db8::/32', 'public', 'documentation', 'RFC 3849'],
  ['2002::/16', 'forbidden', '6to4', 'RFC 3056'],
  ['2620:4f:8000::/48', 'public', 'AS112', 'RFC 7534'],
  ['3fff::/20', 'public', 'documentation', 'RFC 9637'],
  ['2000::/3', 'public', 'global unicast', 'RFC 4291 section 2.4'],
  ['5f00::/16', 'forbidden', 'segment routing identifiers', 'RFC 9602'],
  ['fc00::/7', 'private', 'unique local', 'RFC 4193'],
  ['fe80::/10', 'forbidden', 'link-local', 'RFC 4291 section 2.5.6'],
  ['fec0::/10', 'forbidden', 'deprecated site-local', 'RFC 3879'],
  ['ff00::/8', 'forbidden', 'multicast', 'RFC 4291 section 2.7'],
  ['::/0', 'forbidden', 'reserved by the IETF', 'RFC 4291 section 2.4'],
];

/** Addresses by which clouds hand out credentials and settings; part of the built-in boundary, never grantable. */
export const platformAddresses: readonly SpecialRange[] = platformRows.map(rangeOfRow);

/** Every special-purpose range in the order of looking: the first that holds an address says what it is. */
export const specialRanges: readonly SpecialRange[] = [...platformRows, ...ipv4Rows, ...ipv6Rows].map(rangeOfRow);

function rangeOfRow([text, kind, name, source]: Row): SpecialRange {
  const prefix = parseIpPrefix(text);
  if (!prefix.ok) throw new ExeatError('special_range_malformed', prefix.fault.message);
  return { prefix: prefix.value, kind, name, source };
}
