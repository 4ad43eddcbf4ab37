import type { Strength } from '../identity/index.ts';

/** The tiers that are approved, from the mildest; break-glass stands beside them. */
export const tierNames = ['low', 'medium', 'high'] as const;

/** One of {@link tierNames}. */
export type TierName = (typeof tierNames)[number];

/**
 * Who may approve: people with the role `approver` or `security`, those who act for the owner of the service, or those who act for the
 * owner of a `destinations` document that names the destination.
 */
export const approverKinds = ['approver', 'security', 'service-owner', 'destination-owner'] as const;

/** One of {@link approverKinds}. */
export type ApproverKind = (typeof approverKinds)[number];

/**
 * Whether a decision is confirmed by its person, with a passkey or an enrolled key: `registered`, where they have registered a passkey;
 * `always`, or nobody decides.
 */
export const confirmModes = ['never', 'registered', 'always'] as const;

/** One of {@link confirmModes}. */
export type ConfirmMode = (typeof confirmModes)[number];

/** What a tier asks and allows. Times are milliseconds; its clocks are apart: waiting, starting, lasting, draining, reviewing. */
export interface Tier {
  /** How many people who are not linked to each other must approve. */
  readonly quorum: number;
  readonly approvers: readonly ApproverKind[];
  /** Whether approving and resuming is confirmed. */
  readonly confirm: ConfirmMode;
  /** The longest that one exception may last, counted from its start. */
  readonly longestMs: number;
  /** The longest that exceptions of one owner, or of linked people, to one domain may last together within 90 days. */
  readonly cumulativeMs: number;
  /** The most such exceptions that start within 90 days. */
  readonly repeats: number;
  /** How long a request may wait for its approvals. */
  readonly pendingMs: number;
  /** How long after the start that was asked for it may still be approved. */
  readonly startWithinMs: number;
  /** How long a connection may finish after the end. */
  readonly drainMs: number;
  /** How strongly the principal must be proven, null for as its service requires. */
  readonly strength: Strength | null;
  /** How long after the end a review is due, null where none is. */
  readonly reviewWithinMs: number | null;
}

/** What break-glass allows. Nobody approves it, so everything is bounded: its ceilings can only be lowered. */
export interface BreakGlassTier {
  readonly longestMs: number;
  readonly cumulativeMs: number;
  /** The most bytes that may go out under one. */
  readonly maxBytesUp: number;
  /** After so long it ends unless a second person acknowledged it. */
  readonly acknowledgeWithinMs: number;
  /** How long after it was declared its review is due. */
  readonly reviewWithinMs: number;
  /** How many people sign the offline variant. */
  readonly signatures: number;
  /** Whether acknowledging by token is confirmed. Declaring is signed in any case. */
  readonly confirm: ConfirmMode;
  readonly strength: Strength | null;
}

/** Every tier of a policy, filled in. */
export interface Tiers {
  readonly low: Tier;
  readonly medium: Tier;
  readonly high: Tier;
  readonly breakGlass: BreakGlassTier;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

// A day for people in another time zone to look; eight hours of lateness is a working day.
const approvedDefaults = { pendingMs: dayMs, startWithinMs: 8 * hourMs, drainMs: 0, strength: null } as const;

/**
 * The tiers of a policy without a `tiers` document. What lasts two thirds of 90 days is a rule that nobody wrote, so the caps stay below;
 * break-glass has the ceilings that no document exceeds.
 */
export const defaultTiers: Tiers = {
  low: {
    ...approvedDefaults,
    quorum: 1,
    approvers: ['approver', 'security', 'service-owner', 'destination-owner'],
    confirm: 'never',
    longestMs: 30 * dayMs,
    cumulativeMs: 60 * dayMs,
    repeats: 20,
    reviewWithinMs: null,
  },
  medium: {
    ...approvedDefaults,
    quorum: 1,
    approvers: ['approver', 'security', 'destination-owner'],
    confirm: 'never',
    longestMs: 7 * dayMs,
    cumulativeMs: 30 * dayMs,
    repeats: 12,
    reviewWithinMs: null,
  },
  high: {
    ...approvedDefaults,
    quorum: 2,
    approvers: ['approver', 'security', 'destination-owner'],
    confirm: 'registered',
    longestMs: 8 * hourMs,
    cumulativeMs: 3 * dayMs,
    repeats: 6,
    reviewWithinMs: 14 * dayMs,
  },
  breakGlass: {
    longestMs: hourMs,
    cumulativeMs: 6 * hourMs,
    maxBytesUp: 2 ** 30,
    acknowledgeWithinMs: 10 * minuteMs,
    reviewWithinMs: 2 * dayMs,
    signatures: 2,
    confirm: 'registered',
    strength: null,
  },
};
