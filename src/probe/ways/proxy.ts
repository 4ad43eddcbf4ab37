import { canaryHost, writeGet } from '../attempt/https.ts';
import {
  proxyConnectAttempt,
  proxyMetadataAttempt,
  proxyRequestAttempt,
  sayHello,
  sayText,
  socksAttempt,
} from '../attempt/proxies.ts';
import type { Attempt } from '../attempt/streams.ts';
import { markText } from '../mark.ts';
import type { SettingName } from '../settings.ts';
import type { Need, Way } from '../way.ts';

// Spellings of 169.254.169.254 that resolvers and libraries take for it.
const spellings: readonly (readonly [id: string, host: string])[] = [
  ['address', '169.254.169.254'],
  ['decimal', '2852039166'],
  ['hex', '0xA9FEA9FE'],
  ['octal', '0251.0376.0251.0376'],
  ['short', '169.254.43518'],
  ['overflow', '425.510.425.510'],
  ['mapped', '[::ffff:169.254.169.254]'],
  ['ipv6', '[fd00:ec2::254]'],
  ['name', 'metadata.google.internal'],
  ['spelled-name', '169.254.169.254.nip.io'],
];

type Row = readonly [id: string, title: string, closedBy: SettingName, needs: readonly Need[], attempt: Attempt];

const rows: readonly Row[] = [
  [
    'proxy-connect-name',
    'CONNECT to the canary by name',
    'proxy_policy',
    ['proxy', 'name'],
    proxyConnectAttempt({ authority: ({ canary }) => `${canary}:443`, say: sayHello }),
  ],
  [
    'proxy-connect-address',
    'CONNECT to the address of the canary',
    'proxy_policy',
    ['proxy', 'address'],
    proxyConnectAttempt({ authority: ({ ipv4 }) => `${ipv4}:443`, say: sayHello }),
  ],
  [
    'proxy-connect-ipv6',
    'CONNECT to the IPv6 address of the canary',
    'proxy_policy',
    ['proxy', 'ipv6'],
    proxyConnectAttempt({ authority: ({ ipv6 }) => `[${ipv6}]:443`, say: sayHello }),
  ],
  [
    'proxy-connect-port',
    'CONNECT to another port of the canary',
    'proxy_policy',
    ['proxy', 'address'],
    proxyConnectAttempt({ authority: (target) => `${canaryHost(target)}:22`, say: sayText }),
  ],
  [
    'proxy-inner-name',
    'CONNECT to an allowed name, another name in the hello inside',
    'proxy_inner',
    ['proxy', 'allowed', 'name'],
    proxyConnectAttempt({ authority: ({ allowed }) => `${allowed}:443`, say: sayHello, countsHello: true }),
  ],
  [
    'proxy-http-name',
    'plain HTTP to the canary',
    'proxy_policy',
    ['proxy', 'name'],
    proxyRequestAttempt((target, mark) =>
      writeGet(`http://${canaryHost(target)}/${markText(mark)}`, canaryHost(target), ''),
    ),
  ],
  [
    'proxy-http-host',
    'plain HTTP to an allowed name, the Host of the canary',
    'proxy_policy',
    ['proxy', 'allowed', 'name'],
    proxyRequestAttempt((target, mark) =>
      writeGet(`http://${target.allowed}/${markText(mark)}`, canaryHost(target), ''),
    ),
  ],
  [
    'proxy-socks-connect',
    'SOCKS5 CONNECT to the canary',
    'proxy_policy',
    ['proxy', 'address'],
    socksAttempt('connect'),
  ],
  [
    'proxy-socks-udp',
    'SOCKS5 UDP ASSOCIATE, a datagram to the canary',
    'proxy_socks',
    ['proxy', 'address'],
    socksAttempt('udp_associate'),
  ],
  ['proxy-socks-bind', 'SOCKS5 BIND', 'proxy_socks', ['proxy', 'address'], socksAttempt('bind')],
  ...spellings.map(
    ([id, host]): Row => [
      `proxy-metadata-${id}`,
      `metadata through the proxy, as ${host}`,
      'proxy_spelling',
      ['proxy'],
      proxyMetadataAttempt(host),
    ],
  ),
];

/** Ways through the explicit proxy, which workloads may reach. */
export const proxyWays: readonly Way[] = rows.map(([id, title, closedBy, needs, attempt]) => ({
  id,
  group: 'proxy',
  title,
  closedBy,
  needs,
  attempt,
}));
