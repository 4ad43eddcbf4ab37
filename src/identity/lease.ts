import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** One lease of an address as it counts: which source says so, which service it names, until when (epoch milliseconds). */
export interface HeldLease {
  /** The name of the source: `ipam`. */
  readonly source: string;
  readonly service: string;
  readonly until: number;
}

/**
 * What leases say of an address at a moment. `nobody`: they contradict each other, or what came before is not taken back yet; then the
 * address is nobody's, whatever else would name it. `none`: no lease speaks of it.
 */
export type LeaseStanding =
  | { readonly kind: 'none' }
  | { readonly kind: 'nobody'; readonly reason: 'identity_unknown' | 'identity_conflict' }
  | { readonly kind: 'leased'; readonly leases: readonly HeldLease[] };

/** Who knows the leases. Asked at every decision, so that a lease ends by the clock and by nothing else. */
export interface LeaseView {
  /** `source` is canonical text. */
  standingOf(source: string, nowMs: number): LeaseStanding;
}

/** No lease anywhere. */
export const noLeases: LeaseView = { standingOf: () => ({ kind: 'none' }) };

const leaseSourcePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Parses the name of a source of leases: 1 to 64 of `a-z`, `0-9`, `.`, `-`, `_`, first a letter or digit. */
export function parseLeaseSource(text: string): Result<string, Fault<'lease_source_malformed'>> {
  if (leaseSourcePattern.test(text)) return ok(text);
  const message =
    'a source of leases is 1 to 64 of `a-z`, `0-9`, `.`, `-`, `_` and starts with a letter or digit, such as `leased:ipam`';
  return failed(fault('lease_source_malformed', message));
}
