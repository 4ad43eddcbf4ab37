import type { Mark } from '../mark.ts';

/** How something came to the canary. `ip` is a protocol without ports, whose number stands as `port` then. */
export interface Arrival extends Mark {
  readonly over: 'tcp' | 'tls' | 'udp' | 'ip';
  readonly port: number;
  /** The address that it came from: behind the gateway, the gateway's own perhaps. */
  readonly from: string;
}
