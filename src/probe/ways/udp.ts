import { datagramAttempt } from '../attempt/datagrams.ts';
import { echoAttempt, headerAttempt, packetAttempt, protocolAttempt } from '../attempt/raw.ts';
import type { Attempt } from '../attempt/streams.ts';
import type { SettingName } from '../settings.ts';
import type { Group, Need, Way } from '../way.ts';

type Row = readonly [id: string, title: string, closedBy: SettingName, needs: readonly Need[], attempt: Attempt];

const udpRows: readonly Row[] = [
  ['quic-443', 'QUIC, UDP 443', 'udp', ['address'], datagramAttempt('ipv4', 443, 'quic')],
  ['quic6-443', 'QUIC over IPv6, UDP 443', 'ipv6', ['ipv6'], datagramAttempt('ipv6', 443, 'quic')],
  ['udp-123', 'time packets with data, UDP 123', 'udp', ['address'], datagramAttempt('ipv4', 123, 'ntp')],
  ['udp-41443', 'a high UDP port', 'udp', ['address'], datagramAttempt('ipv4', 41_443, 'text')],
  ['udp6-41443', 'a high UDP port over IPv6', 'ipv6', ['ipv6'], datagramAttempt('ipv6', 41_443, 'text')],
];

const rawRows: readonly Row[] = [
  ['icmp-echo', 'ICMP echo with data', 'icmp', ['address'], echoAttempt(4)],
  ['icmp6-echo', 'ICMPv6 echo with data', 'icmp', ['ipv6'], echoAttempt(6)],
  [
    'raw-udp',
    'UDP with a header of its own, by a raw socket',
    'raw_sockets',
    ['address', 'root', 'helper'],
    headerAttempt(false),
  ],
  ['raw-fragments', 'UDP in fragments', 'protocols', ['address', 'root', 'helper'], headerAttempt(true)],
  [
    'raw-packet',
    'UDP by a packet socket, below local filters',
    'raw_sockets',
    ['address', 'root', 'helper', 'gateway'],
    packetAttempt,
  ],
  ['raw-ipip', 'IP in IP (protocol 4)', 'protocols', ['address', 'root', 'helper'], protocolAttempt(4)],
  ['raw-6in4', 'IPv6 in IPv4 (protocol 41)', 'protocols', ['address', 'root', 'helper'], protocolAttempt(41)],
  ['raw-gre', 'GRE (protocol 47)', 'protocols', ['address', 'root', 'helper'], protocolAttempt(47)],
  ['raw-sctp', 'SCTP (protocol 132)', 'protocols', ['address', 'root', 'helper'], protocolAttempt(132)],
];

/** Datagrams, and protocols below them. */
export const udpWays: readonly Way[] = [...udpRows.map(wayOf('udp')), ...rawRows.map(wayOf('raw'))];

function wayOf(group: Group): (row: Row) => Way {
  return ([id, title, closedBy, needs, attempt]) => ({ id, group, title, closedBy, needs, attempt });
}
