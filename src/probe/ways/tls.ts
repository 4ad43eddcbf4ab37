import { helloAttempt, secondHelloAttempt } from '../attempt/hellos.ts';
import { type Attempt, tlsAttempt } from '../attempt/streams.ts';
import type { SettingName } from '../settings.ts';
import type { Need, ProbeTarget, Way } from '../way.ts';

const allowed = (target: ProbeTarget): string => target.allowed ?? '';
const canary = (target: ProbeTarget): string => target.canary ?? '';
const none = (): null => null;

type Row = readonly [id: string, title: string, closedBy: SettingName, needs: readonly Need[], attempt: Attempt];

const rows: readonly Row[] = [
  [
    'tls-canary-name',
    'TLS with the name of the canary',
    'name_plane',
    ['address', 'name'],
    tlsAttempt({ whither: 'ipv4', port: 443, serverName: canary }),
  ],
  [
    'tls-allowed-name',
    'TLS with an allowed name, to another address (spoof)',
    'name_plane',
    ['address', 'allowed'],
    tlsAttempt({ whither: 'ipv4', port: 443, serverName: allowed }),
  ],
  [
    'tls6-allowed-name',
    'TLS over IPv6 with an allowed name, to another address',
    'ipv6',
    ['ipv6', 'allowed'],
    tlsAttempt({ whither: 'ipv6', port: 443, serverName: allowed }),
  ],
  [
    'tls-fronting',
    'TLS with the name of the canary, to the address of an allowed name',
    'name_plane',
    ['name', 'allowed'],
    tlsAttempt({ whither: 'allowed', port: 443, serverName: canary }),
  ],
  [
    'tls-no-name',
    'TLS without a name',
    'strict_hello',
    ['address'],
    tlsAttempt({ whither: 'ipv4', port: 443, serverName: none }),
  ],
  [
    'tls-segments',
    'a hello with an allowed name in tiny segments',
    'strict_hello',
    ['address', 'allowed'],
    tlsAttempt({ whither: 'ipv4', port: 443, serverName: allowed, split: 'segments' }),
  ],
  [
    'tls-records',
    'a hello with an allowed name in many records',
    'strict_hello',
    ['address', 'allowed'],
    tlsAttempt({ whither: 'ipv4', port: 443, serverName: allowed, split: 'records' }),
  ],
  [
    'tls-other-port',
    'TLS with an allowed name, to port 8443 of another address',
    'default_deny',
    ['address', 'allowed'],
    tlsAttempt({ whither: 'ipv4', port: 8443, serverName: allowed }),
  ],
  [
    'tls-two-names',
    'a hello with two names, the allowed one first',
    'strict_hello',
    ['address', 'allowed', 'name'],
    helloAttempt((target) => [allowed(target), canary(target)]),
  ],
  [
    'tls-address-name',
    'a hello whose name is an address',
    'strict_hello',
    ['address'],
    helloAttempt(({ ipv4 }) => [ipv4 ?? '']),
  ],
  [
    'tls-nul-name',
    'a hello whose name has a NUL after the allowed one',
    'strict_hello',
    ['address', 'allowed', 'name'],
    helloAttempt((target) => [`${allowed(target)}\0.${canary(target)}`]),
  ],
  [
    'tls-ech',
    'a hello with an allowed outer name and an encrypted inner one',
    'name_plane',
    ['address', 'allowed'],
    helloAttempt((target) => [allowed(target)], true),
  ],
  [
    'tls-second-hello',
    'a second hello with another name, after a HelloRetryRequest',
    'strict_hello',
    ['address', 'allowed', 'name'],
    secondHelloAttempt,
  ],
];

/** What is said in the first flight of TLS, honestly and not. */
export const tlsWays: readonly Way[] = rows.map(([id, title, closedBy, needs, attempt]) => ({
  id,
  group: 'tls',
  title,
  closedBy,
  needs,
  attempt,
}));
