import type { Reason } from '../../policy/index.ts';
import { type PackedAnswer, rcodes } from '../../wire/index.ts';
import type { FilterSettings } from './filter-options.ts';

/** Codes of Extended DNS Errors (RFC 8914) that we give. */
export const errorCodes = {
  stale: 3,
  blocked: 15,
  censored: 16,
  filtered: 17,
  prohibited: 18,
  notReady: 14,
  noReachableAuthority: 22,
} as const;

/** More about an error, for clients that speak EDNS. */
export interface ExtendedReason {
  readonly code: number;
  readonly text: string;
  /** Whether the text is for clients whose address is proven, and others are told the code alone. Default: no. */
  readonly isForProven?: boolean;
}

/** What a query comes to. `told`: an answer that is kept packed; `no`: without records; `again`: by TCP; `drop`: nothing at all. */
export type Outcome =
  | {
      readonly kind: 'told';
      readonly packed: PackedAnswer;
      readonly ageSeconds: number;
      readonly ttlCapSeconds: number;
      readonly ede: ExtendedReason | null;
      readonly isUnchanged: boolean;
    }
  | {
      readonly kind: 'no';
      readonly rcode: number;
      readonly ede: ExtendedReason | null;
      /** The name whose SOA says for how long it holds; null: it is not to be kept. */
      readonly soa: { readonly zone: string; readonly minimumSeconds: number } | null;
    }
  | { readonly kind: 'again' }
  | { readonly kind: 'drop' };

/** Nothing is there under a name, or nothing of that type. */
export function noOutcome(
  kind: 'nxdomain' | 'nodata' | 'refused',
  zone: string,
  seconds: number,
  ede: ExtendedReason | null = null,
): Outcome {
  if (kind === 'refused') return { kind: 'no', rcode: rcodes.refused, ede, soa: null };
  const rcode = kind === 'nxdomain' ? rcodes.nxDomain : rcodes.noError;
  return { kind: 'no', rcode, ede, soa: { zone, minimumSeconds: seconds } };
}

/** The same for a name that is there: nothing of that type, where it would say that there is no such name. */
export function withoutNxDomain(outcome: Outcome): Outcome {
  return outcome.kind === 'no' && outcome.rcode === rcodes.nxDomain ? { ...outcome, rcode: rcodes.noError } : outcome;
}

/** Nobody could say. */
export function failedOutcome(text: string): Outcome {
  return { kind: 'no', rcode: rcodes.servFail, ede: { code: errorCodes.noReachableAuthority, text }, soa: null };
}

/** Which error a denial is told as. What nobody may have is told apart from what this service may not. */
export function errorCodeOf(reason: Reason): number {
  if (strangers.has(reason)) return errorCodes.prohibited;
  if (reason === 'response_policy_denied') return errorCodes.censored;
  if (reason === 'rule_denied') return errorCodes.filtered;
  return reason === 'no_policy' ? errorCodes.notReady : errorCodes.blocked;
}

/** Reasons that are about who asks: they are told with REFUSED, whatever is asked. */
export const strangers: ReadonlySet<Reason> = new Set(['identity_unknown', 'identity_conflict', 'identity_revoked']);

/** How a denial is told by the settings; null where it is told with addresses. */
export function denialKind(reason: Reason, { denial }: FilterSettings): 'nxdomain' | 'nodata' | 'refused' | null {
  if (strangers.has(reason)) return 'refused';
  // The name is there: that it is not would hold for every type of it (RFC 8020).
  if (reason === 'query_type_denied') return denial === 'refused' ? 'refused' : 'nodata';
  return typeof denial === 'string' ? denial : null;
}
