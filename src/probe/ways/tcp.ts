import { tcpAttempt } from '../attempt/streams.ts';
import type { Way } from '../way.ts';

const ports: readonly (readonly [port: number, what: string])[] = [
  [443, 'HTTPS port'],
  [80, 'HTTP port'],
  [22, 'SSH port'],
  [25, 'mail port'],
  [8443, 'second HTTPS port'],
  [41_443, 'high port'],
];

/** Plain connections, to the address with no name asked for, and by name. */
export const tcpWays: readonly Way[] = [
  ...ports.map(
    ([port, what]): Way => ({
      id: `tcp-${port}`,
      group: 'tcp',
      title: `TCP ${port} of an address (${what})`,
      closedBy: 'default_deny',
      needs: ['address'],
      attempt: tcpAttempt('ipv4', port),
    }),
  ),
  ...ports.map(
    ([port, what]): Way => ({
      id: `tcp6-${port}`,
      group: 'tcp',
      title: `TCP ${port} of an IPv6 address (${what})`,
      closedBy: 'ipv6',
      needs: ['ipv6'],
      attempt: tcpAttempt('ipv6', port),
    }),
  ),
  {
    id: 'tcp-name',
    group: 'tcp',
    title: 'TCP by name, with the resolver of the system',
    closedBy: 'dns_filter',
    needs: ['name'],
    attempt: tcpAttempt('name', 'canary'),
  },
];
