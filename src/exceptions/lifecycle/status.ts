import type { ExceptionState } from './exception-state.ts';

/** Where an exception stands. `approved` waits for its start. */
export type ExceptionStatus =
  | 'pending'
  | 'lapsed'
  | 'denied'
  | 'withdrawn'
  | 'approved'
  | 'active'
  | 'suspended'
  | 'expired'
  | 'revoked';

/** Whether the end of a grant is proven: `close_overdue` wants somebody to look. Null before the end, and where nothing was granted. */
export type CloseStatus = 'closing' | 'closed' | 'close_overdue';

/** Whether a review is due. Null where none is asked for, or not yet. */
export type ReviewStatus = 'review_due' | 'review_overdue' | 'reviewed';

/** The three at once, as lists and the API show them. */
export interface DerivedStatus {
  readonly status: ExceptionStatus;
  readonly close: CloseStatus | null;
  readonly review: ReviewStatus | null;
}

/** Points confirm within seconds; after so long past the drain somebody should look. */
const closeOverdueMs = 10 * 60_000;

/**
 * Where an exception stands at a time. INVARIANT: status is derived from entries and the clock; nothing has to run for a grant to end, and
 * going on in time never makes an ended one live again.
 */
export function statusOf(state: ExceptionState, nowMs: number): DerivedStatus {
  return { status: phaseOf(state, nowMs), close: closeOf(state, nowMs), review: reviewOf(state, nowMs) };
}

/** When a grant ended or will end, as known now; null where nothing was granted. */
export function endOf({ grant, ended }: ExceptionState): number | null {
  if (grant === null) return null;
  return ended === null ? grant.notAfterMs : Math.min(grant.notAfterMs, ended.atMs);
}

/** When the review of a grant is due, or null where none is. Break-glass counts from when it was declared. */
export function reviewDueOf(state: ExceptionState): number | null {
  const end = endOf(state);
  if (state.grant === null || end === null || state.grant.reviewWithinMs === null) return null;
  return (state.kind === 'break-glass' ? state.grant.atMs : end) + state.grant.reviewWithinMs;
}

/** Whether a grant opens something at a time. */
export function isLive(state: ExceptionState, nowMs: number): boolean {
  return phaseOf(state, nowMs) === 'active';
}

function phaseOf(state: ExceptionState, nowMs: number): ExceptionStatus {
  const { grant, ended, suspended } = state;
  // Of two ends the earlier one counts: revoking what had expired changes nothing.
  if (ended !== null && (grant === null || ended.atMs < grant.notAfterMs)) return ended.how;
  if (grant === null) return isLapsed(state, nowMs) ? 'lapsed' : 'pending';
  if (nowMs >= grant.notAfterMs) return 'expired';
  if (suspended !== null) return 'suspended';
  return nowMs < grant.notBeforeMs ? 'approved' : 'active';
}

/** Whether a request waited too long: for approval, or past the start that was asked for. */
export function isLapsed(
  { pendingUntilMs, startByMs }: Pick<ExceptionState, 'pendingUntilMs' | 'startByMs'>,
  nowMs: number,
): boolean {
  return nowMs >= pendingUntilMs || (startByMs !== null && nowMs >= startByMs);
}

function closeOf(state: ExceptionState, nowMs: number): CloseStatus | null {
  const end = endOf(state);
  if (state.closed !== null) return 'closed';
  if (end === null || nowMs < end) return null;
  return nowMs >= end + (state.grant?.drainMs ?? 0) + closeOverdueMs ? 'close_overdue' : 'closing';
}

function reviewOf(state: ExceptionState, nowMs: number): ReviewStatus | null {
  if (state.reviewed !== null) return 'reviewed';
  const end = endOf(state);
  const due = reviewDueOf(state);
  if (end === null || due === null || nowMs < Math.min(end, due)) return null;
  return nowMs >= due ? 'review_overdue' : 'review_due';
}
