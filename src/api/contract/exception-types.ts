/** What a request says. Bytes are caps over all connections together, null for no bound. */
export interface RequestBody {
  readonly service: string;
  readonly identity: string | null;
  readonly to: string;
  readonly via: readonly string[];
  readonly durationSeconds: number;
  readonly startAt: string | null;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly owner: string;
  /** The person it is for, null for who asks. */
  readonly beneficiary: string | null;
  readonly reason: string;
  readonly ticket: string | null;
  /** The denial that it answers. */
  readonly decision: string | null;
}

/** What an approver takes away; never more than was asked. */
export interface Narrowing {
  readonly durationSeconds?: number | undefined;
  readonly to?: string | undefined;
  readonly bytesUp?: number | null | undefined;
  readonly bytesDown?: number | null | undefined;
}

/** One decision of a person. `isCurrent`: it was given for what is asked now. `confirmedBy`: what the person confirmed it with. */
export interface DecisionAnswer {
  readonly by: string;
  readonly verdict: 'approve' | 'deny';
  readonly at: string;
  readonly reason: string | null;
  readonly isCurrent: boolean;
  readonly confirmedBy: 'passkey' | 'key' | null;
}

/** An exception with everything that can be said of it now. Instants are RFC 3339, UTC. */
export interface ExceptionAnswer {
  readonly id: string;
  readonly kind: 'exception' | 'break-glass';
  /** Derived from the log and the clock. */
  readonly status: string;
  readonly close: string | null;
  readonly reviewStatus: string | null;
  readonly revision: number;
  /** What an approval binds to. */
  readonly digest: string;
  readonly policyVersion: string;
  readonly tier: string;
  /** Why it has this tier. */
  readonly findings: readonly string[];
  readonly service: string;
  readonly identity: string | null;
  readonly to: string;
  readonly via: readonly string[];
  readonly durationSeconds: number;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly requester: string;
  readonly beneficiary: string;
  readonly owner: string;
  readonly reason: string;
  readonly ticket: string | null;
  readonly extends: string | null;
  readonly decision: string | null;
  readonly submittedAt: string;
  /** When it was asked to start, null for as soon as it is approved. */
  readonly startAt: string | null;
  readonly pendingUntil: string | null;
  readonly startBy: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly endedAt: string | null;
  readonly endedBy: string | null;
  readonly approvalsNeeded: number;
  /** Why it is held, null where it is not. */
  readonly held: { readonly by: string | null; readonly at: string; readonly reason: string } | null;
  /** Of break-glass: who stands by it. */
  readonly acknowledged: { readonly by: string; readonly at: string } | null;
  /** Whether what it waits for is confirmed with a passkey or an enrolled key: `registered`, by whoever has a passkey. */
  readonly confirm: 'never' | 'registered' | 'always';
  readonly decisions: readonly DecisionAnswer[];
  readonly closedAt: string | null;
  readonly reviewDueAt: string | null;
  readonly review: {
    readonly by: string;
    readonly outcome: string;
    readonly at: string;
    readonly note: string | null;
  } | null;
}

/** Which exceptions are listed. */
export interface ExceptionQuery {
  readonly status?: string | undefined;
  readonly service?: string | undefined;
  readonly owner?: string | undefined;
  readonly requester?: string | undefined;
  readonly kind?: 'exception' | 'break-glass' | undefined;
  /** `due`: a review is due or overdue. */
  readonly review?: 'due' | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The use of one grant. `observedSince`: from when on uses were counted. */
export interface UsageAnswer {
  readonly id: string;
  readonly service: string;
  readonly to: string;
  readonly owner: string;
  readonly status: string;
  readonly connections: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly firstUse: string | null;
  readonly lastUse: string | null;
  readonly hoursUsed: number;
  readonly hoursGranted: number;
  readonly denialsJustOutside: number;
  readonly observedSince: string;
  readonly findings: readonly string[];
}

/** What exceptions come to, over all. Shares are of allowed traffic of 30 days that only grants justify. */
export interface SummaryAnswer {
  readonly active: number;
  readonly pending: number;
  readonly ended: number;
  readonly unusedAtEnd: number;
  readonly extendedTwice: number;
  readonly nearlyPermanent: readonly string[];
  readonly repeated: readonly string[];
  readonly samePairs: readonly string[];
  readonly medianSecondsToApproval: number | null;
  readonly approvedWithinAMinute: number;
  readonly reviewsOverdue: number;
  readonly breakGlass: number;
  readonly connectionShare: number | null;
  readonly byteShare: number | null;
}

/** What is looked at before asking: who, where to, and through which segments (names apart by commas). */
export interface PreviewQuery {
  readonly service: string;
  readonly to: string;
  readonly via?: string | undefined;
}

/** What a request would come to. `obstacle`: why nobody may be granted it, null where somebody may. */
export interface PreviewAnswer {
  /** The destination in its one spelling. */
  readonly to: string;
  readonly policyVersion: string;
  /** The service with its owner, null where the policy has none of this name. */
  readonly service: { readonly owner: string; readonly identities: readonly string[] } | null;
  readonly obstacle: string | null;
  readonly tier: string;
  readonly findings: readonly { readonly code: string; readonly says: string }[];
  readonly approvalsNeeded: number;
  /** Roles, or `service-owner` and `destination-owner`. */
  readonly approvers: readonly string[];
  readonly longestSeconds: number;
  /** What break-glass to it is bounded by; it ends after the first step unless a second person stands by it. */
  readonly breakGlass: {
    readonly longestSeconds: number;
    readonly firstStepSeconds: number;
    readonly bytesUp: number;
    readonly reviewWithinSeconds: number;
  };
  /** Whether a review is due after its end. */
  readonly isReviewed: boolean;
}
