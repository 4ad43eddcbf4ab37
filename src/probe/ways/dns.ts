import { datagramAttempt } from '../attempt/datagrams.ts';
import { dnsAttempt, publicResolvers, secureDnsAttempt } from '../attempt/dns.ts';
import { type Attempt, verifiedAttempt } from '../attempt/streams.ts';
import type { SettingName } from '../settings.ts';
import type { Need, Way } from '../way.ts';

type Row = readonly [id: string, title: string, closedBy: SettingName, needs: readonly Need[], attempt: Attempt];

const rows: readonly Row[] = [
  ['dns-udp', 'a foreign resolver over UDP 53', 'dns_redirect', ['address'], dnsAttempt('ipv4', 'udp', 'txt')],
  ['dns-tcp', 'a foreign resolver over TCP 53', 'dns_redirect', ['address'], dnsAttempt('ipv4', 'tcp', 'txt')],
  ['dns6-udp', 'a foreign resolver over IPv6, UDP 53', 'ipv6', ['ipv6'], dnsAttempt('ipv6', 'udp', 'txt')],
  ['dns6-tcp', 'a foreign resolver over IPv6, TCP 53', 'ipv6', ['ipv6'], dnsAttempt('ipv6', 'tcp', 'txt')],
  [
    'dns-udp-5353',
    'a foreign resolver over UDP 5353, the port of mDNS',
    'dns_redirect',
    ['address'],
    dnsAttempt('ipv4', 'udp', 'txt', 5353),
  ],
  [
    'dns-system-a',
    "data in a name, asked of the system's resolver (A)",
    'dns_filter',
    ['zone'],
    dnsAttempt('system', 'udp', 'a'),
  ],
  [
    'dns-system-txt',
    "data in a name and in the answer, by the system's resolver (TXT)",
    'dns_filter',
    ['zone'],
    dnsAttempt('system', 'udp', 'txt'),
  ],
  [
    'dns-system-tcp',
    'data in a name and in the answer, by the resolver of the system over TCP',
    'dns_filter',
    ['zone'],
    dnsAttempt('system', 'tcp', 'txt'),
  ],
  [
    'dns-public',
    'data in a name, asked of a public resolver',
    'dns_redirect',
    ['zone'],
    dnsAttempt('public', 'udp', 'txt'),
  ],
  ['dot-canary', 'DNS over TLS to the canary', 'dns_redirect', ['address'], secureDnsAttempt('dot')],
  ['doh-canary', 'DNS over HTTPS to the canary', 'doh', ['address'], secureDnsAttempt('doh')],
  ['doq-853', 'DNS over QUIC, UDP 853', 'dns_redirect', ['address'], datagramAttempt('ipv4', 853, 'quic')],
  ['doq-8853', 'DNS over QUIC, UDP 8853', 'dns_redirect', ['address'], datagramAttempt('ipv4', 8853, 'quic')],
  ...publicResolvers.flatMap(({ id, address, name }): readonly Row[] => [
    [`doh-${id}`, `HTTPS to the public resolver ${name}`, 'doh', [], verifiedAttempt(address, 443, name)],
    [`dot-${id}`, `DNS over TLS to ${name}`, 'dns_redirect', [], verifiedAttempt(address, 853, name)],
  ]),
];

/** Ways to ask names of somebody else, and to carry data in questions. */
export const dnsWays: readonly Way[] = rows.map(([id, title, closedBy, needs, attempt]) => ({
  id,
  group: 'dns',
  title,
  closedBy,
  needs,
  attempt,
}));
