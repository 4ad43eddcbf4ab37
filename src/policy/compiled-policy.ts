import type { IpAddress, IpPrefix } from '../destination/index.ts';
import type { PrincipalDirectory } from '../identity/index.ts';

/** What the compiled policy says of a service. `observeUntil` is epoch milliseconds; past it the clock enforces. */
export interface ServiceSummary {
  readonly name: string;
  readonly owner: string;
  readonly kind: 'app' | 'build' | 'operator' | 'agent';
  readonly mode: 'observe' | 'enforce';
  readonly observeUntil: number | null;
  readonly environment: string | null;
}

/** A segment as compiled: private ranges under one name. */
export interface SegmentSummary {
  readonly name: string;
  readonly ranges: readonly IpPrefix[];
  readonly environment: string | null;
}

/** A policy in force: immutable, one flat buffer behind it, opened without parsing. It is also the directory of principals. */
export interface CompiledPolicy extends PrincipalDirectory {
  readonly version: string;
  readonly ruleCount: number;
  readonly serviceCount: number;
  /** Services in order of name, read lazily. */
  services(): Iterable<ServiceSummary>;
  service(name: string): ServiceSummary | null;
  segments(): readonly SegmentSummary[];
}

/** What approving an address must know of this machine: its own addresses, and the loopback pairs that demos and tests opened. */
export interface NetworkFacts {
  readonly ownAddresses: readonly IpAddress[];
  readonly localOrigins: readonly { readonly address: IpAddress; readonly port: number }[];
}
