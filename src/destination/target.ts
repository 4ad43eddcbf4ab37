import type { Protocol } from './destination.ts';
import type { IpAddress } from './ip-address.ts';

/** A block of addresses: `203.0.113.0/24`. `first` has all host bits zero. */
export interface IpPrefix {
  readonly first: IpAddress;
  readonly length: number;
  readonly text: string;
}

/**
 * Which hosts an entry covers. `name`: that name only. `below`: one or more labels below `name`, not `name` itself
 * (written `*.name`). `any-name`: every name, no address (written `*`). `prefix`: requests made by address only.
 */
export type HostPattern =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'below'; readonly name: string }
  | { readonly kind: 'any-name' }
  | { readonly kind: 'prefix'; readonly prefix: IpPrefix };

/** Ports from `first` to `last`, both included. `*` is 1-65535. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What the `to:` of an entry names: protocol, hosts and ports. Ports are sorted, apart and merged.
 * `canonical` is its one spelling, used in rule ids: `bank-gateway.example.com:443`, `tcp://mail.example.com:25`,
 * `[2001:db8::/32]:443`, `*.paste.example.net:*`.
 */
export interface Target {
  readonly protocol: Protocol;
  readonly host: HostPattern;
  readonly ports: readonly PortRange[];
  readonly canonical: string;
}
