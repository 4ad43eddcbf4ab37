import type { Destination, DestinationClass } from '../destination/index.ts';
import type { Principal } from '../identity/index.ts';
import { type GrantIndex, noGrants } from './grant-index.ts';
import type { Reason } from './reasons.ts';

/** What decide is asked. `revokedIdentities` holds identities in the policy's spelling. `now` is epoch milliseconds. */
export interface DecisionRequest {
  readonly principal: Principal;
  readonly destination: Destination;
  readonly facts: DecisionFacts;
  readonly now: number;
}

/**
 * What the deciding moment adds to the policy. `spent` holds the ids of grants whose budget of bytes is spent. Feeds join here with
 * their issue.
 */
export interface DecisionFacts {
  readonly revokedIdentities: ReadonlySet<string>;
  readonly grants: GrantIndex;
  readonly spent: ReadonlySet<string>;
}

/** The facts of a moment that adds nothing: no revocation, no grant. */
export const noFacts: DecisionFacts = { revokedIdentities: new Set(), grants: noGrants, spent: new Set() };

/**
 * What an allowed connection may carry, the union over every rule that matched. `tcp` means opaque: nothing is awaited or read.
 * `ech`: an encrypted ClientHello passes. `sniNone`: a tunnel asked for by address may go without a server name.
 */
export interface Admission {
  readonly tls: boolean;
  readonly http: boolean;
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly ech: boolean;
  readonly sniNone: boolean;
  /** Bits of the query types (`queryTypes`) that may be asked of the name beside the usual ones. */
  readonly queries: number;
}

/**
 * The answer of decide. `ruleIds` are those that decided (the deny's, or every allow's). When `wouldDeny` is true the verdict is
 * allow only because the service is observed, and `wouldDenyReason` says what enforce would have answered.
 * `grantId` is the grant that justifies an allow (`grant_matched`), or whose end a deny tells.
 * `class` is the strictest class of the destination.
 */
export interface Verdict {
  readonly verdict: 'allow' | 'deny';
  readonly reason: Reason;
  readonly wouldDeny: boolean;
  readonly wouldDenyReason: Reason | null;
  readonly ruleIds: readonly string[];
  readonly grantId: string | null;
  readonly policyVersion: string;
  readonly class: DestinationClass;
  readonly mode: 'observe' | 'enforce';
  readonly admission: Admission;
}
