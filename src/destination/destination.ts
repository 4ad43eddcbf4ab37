import type { IpAddress } from './ip-address.ts';

/** What is asked for: a name (lower-case ASCII, no trailing dot, A-labels kept) or an address. Never both. */
export type Host =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'address'; readonly address: IpAddress };

/** How bytes travel to a destination. `tls` is the default of a rule; `tcp` is opaque; `udp` is for the gateway. */
export type Protocol = 'tls' | 'http' | 'tcp' | 'udp';

/**
 * A canonical destination, made only by this room's parsers.
 * `port` is null where none was asked for (DNS). `protocol` is null for a tunnel whose first bytes will tell (CONNECT, SOCKS5);
 * a plain HTTP request says `http`.
 */
export interface Destination {
  readonly host: Host;
  readonly port: number | null;
  readonly protocol: Protocol | null;
}

/** The host as text for records and messages: `bank-gateway.example.com`, `203.0.113.7`, `2001:db8::1`. */
export function hostText(host: Host): string {
  return host.kind === 'name' ? host.name : host.address.text;
}
