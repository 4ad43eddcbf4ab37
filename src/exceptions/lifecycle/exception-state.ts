import type { Strength } from '../../identity/index.ts';
import type { ConfirmMode, TierName } from '../../policy/index.ts';
import type { ConfirmedBy } from '../people/confirmation.ts';
import type { ExceptionSpec, Narrowing } from '../spec/exception-spec.ts';
import type { TierFinding } from '../spec/tier-of.ts';

/** The tier of a state: break-glass is one by itself. */
export type AnyTierName = TierName | 'break-glass';

/**
 * An exception as folded from its entries. It holds what happened and the clocks that were set, never a status: that follows from these
 * and the time (`statusOf`). Times are epoch milliseconds.
 *
 *   pending -> lapsed | denied | withdrawn | approved -> active <-> suspended -> expired | revoked -> closing -> closed, reviewed
 */
export interface ExceptionState {
  readonly id: string;
  readonly kind: 'exception' | 'break-glass';
  readonly requester: string;
  readonly requestedAtMs: number;
  readonly revision: number;
  /** Everybody who wrote a revision. */
  readonly editors: readonly string[];
  readonly spec: ExceptionSpec;
  readonly tier: AnyTierName;
  readonly findings: readonly TierFinding[];
  /** Until when it may wait for approval, and until when it may be approved for the start that was asked for (null: any). */
  readonly pendingUntilMs: number;
  readonly startByMs: number | null;
  /** Every decision on every revision; those on older revisions are void. */
  readonly decisions: readonly Decision[];
  readonly grant: GrantedState | null;
  readonly ended: EarlyEnd | null;
  readonly suspended: Suspension | null;
  readonly acknowledged: { readonly by: string; readonly atMs: number } | null;
  readonly closed: Closure | null;
  readonly reviewed: Review | null;
  /** Of an offline break-glass: where and with what it was used, and what was found wrong when it was learned. */
  readonly offline: OfflineUse | null;
}

/** What somebody decided, bound to what they looked at. */
export interface Decision {
  readonly verdict: 'approve' | 'deny';
  readonly by: string;
  readonly atMs: number;
  readonly revision: number;
  readonly digest: string;
  readonly policyVersion: string;
  readonly narrowing: Narrowing;
  readonly note: string;
  readonly confirmedBy?: ConfirmedBy;
}

/** What was granted, with its own clocks. `spec` is what was asked for as approvers narrowed it. */
export interface GrantedState {
  readonly atMs: number;
  readonly spec: ExceptionSpec;
  readonly strength: Strength | null;
  readonly notBeforeMs: number;
  /** Its end; of break-glass that nobody acknowledged, the end of the time for that. */
  readonly notAfterMs: number;
  readonly drainMs: number;
  readonly policyVersion: string;
  readonly approvers: readonly string[];
  /** How long after the end its review is due, null where none is; of break-glass, after it was declared. */
  readonly reviewWithinMs: number | null;
  /** Of break-glass: whether acknowledging it is confirmed. */
  readonly confirm?: ConfirmMode;
}

/** How a request or a grant ended before its time. */
export interface EarlyEnd {
  readonly how: 'withdrawn' | 'denied' | 'revoked';
  readonly by: string | null;
  readonly atMs: number;
  readonly reason: string;
}

/** Why a grant is held. `deprovisioned`: its owner, requester or beneficiary was disabled. */
export interface Suspension {
  readonly why: 'held' | 'deprovisioned';
  readonly by: string | null;
  readonly atMs: number;
  readonly reason: string;
}

/** The proof that it is over: what every enforcement point said. */
export interface Closure {
  readonly atMs: number;
  readonly points: readonly PointEvidence[];
}

/** What an enforcement point said of a grant: the list it holds, and connections that only this grant justifies. */
export interface PointEvidence {
  readonly point: string;
  readonly sequence: number;
  readonly connections: number;
  readonly atMs: number;
}

/** What somebody uninvolved found when it was over. */
export interface Review {
  readonly by: string;
  readonly atMs: number;
  readonly outcome: ReviewOutcome;
  readonly note: string;
}

/** The outcomes of a review. */
export const reviewOutcomes = ['ok', 'should_be_permanent', 'misuse', 'policy_gap'] as const;

/** One of {@link reviewOutcomes}. */
export type ReviewOutcome = (typeof reviewOutcomes)[number];

/** How an offline break-glass was used. `doubts` is empty where it holds. */
export interface OfflineUse {
  readonly point: string;
  readonly nonce: string;
  readonly signers: readonly string[];
  readonly learnedAtMs: number;
  readonly doubts: readonly string[];
}
