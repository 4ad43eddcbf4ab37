import { canaryHost, http2Attempt, httpAttempt, httpConnectAttempt, keptConnectionAttempt } from '../attempt/https.ts';
import type { Attempt } from '../attempt/streams.ts';
import type { SettingName } from '../settings.ts';
import type { Need, ProbeTarget, Way } from '../way.ts';

const allowed = (target: ProbeTarget): string => target.allowed ?? '';
const upgradeFields = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

type Row = readonly [id: string, title: string, closedBy: SettingName, needs: readonly Need[], attempt: Attempt];

const rows: readonly Row[] = [
  [
    'http-canary-host',
    'HTTP with the Host of the canary',
    'http_plane',
    ['address'],
    httpAttempt({ whither: 'ipv4', host: canaryHost }),
  ],
  [
    'http-allowed-host',
    'HTTP with an allowed Host, to another address (spoof)',
    'http_plane',
    ['address', 'allowed'],
    httpAttempt({ whither: 'ipv4', host: allowed }),
  ],
  [
    'http6-allowed-host',
    'HTTP over IPv6 with an allowed Host, to another address',
    'ipv6',
    ['ipv6', 'allowed'],
    httpAttempt({ whither: 'ipv6', host: allowed }),
  ],
  [
    'http-fronting',
    'HTTP with the Host of the canary, to the address of an allowed name',
    'http_plane',
    ['name', 'allowed'],
    httpAttempt({ whither: 'allowed', host: canaryHost }),
  ],
  [
    'http-second-request',
    'a second request with another Host on a kept connection',
    'http_plane',
    ['address', 'allowed'],
    keptConnectionAttempt('ipv4'),
  ],
  [
    'http-second-request-fronting',
    'a second request with another Host, to the address of the allowed name',
    'http_plane',
    ['name', 'allowed'],
    keptConnectionAttempt('allowed'),
  ],
  [
    'http-absolute-allowed',
    'an absolute target with an allowed name, the Host of the canary',
    'http_plane',
    ['address', 'allowed'],
    httpAttempt({ whither: 'ipv4', host: canaryHost, absolute: allowed }),
  ],
  [
    'http-absolute-canary',
    'an absolute target with the canary, an allowed Host',
    'http_plane',
    ['address', 'allowed'],
    httpAttempt({ whither: 'ipv4', host: allowed, absolute: canaryHost }),
  ],
  [
    'http-two-hosts',
    'two Host fields, the allowed one first',
    'http_plane',
    ['address', 'allowed'],
    httpAttempt({ whither: 'ipv4', host: (target) => `${allowed(target)}\r\nHost: ${canaryHost(target)}` }),
  ],
  ['http-connect', 'CONNECT within plain HTTP', 'http_upgrade', ['address'], httpConnectAttempt],
  ['http-h2c', 'HTTP/2 without TLS, by prior knowledge', 'http_upgrade', ['address'], http2Attempt],
  [
    'http-h2c-upgrade',
    'an upgrade to HTTP/2 without TLS',
    'http_upgrade',
    ['address'],
    httpAttempt({ whither: 'ipv4', host: (target) => target.allowed ?? canaryHost(target), fields: upgradeFields }),
  ],
];

/** What is said on port 80, honestly and not. */
export const httpWays: readonly Way[] = rows.map(([id, title, closedBy, needs, attempt]) => ({
  id,
  group: 'http',
  title,
  closedBy,
  needs,
  attempt,
}));
