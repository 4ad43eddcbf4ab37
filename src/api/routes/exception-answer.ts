import { type ExceptionState, endOf, lookAt, reviewDueOf, statusOf } from '../../exceptions/index.ts';
import type { ExceptionFacts } from '../../policy/index.ts';
import type { DecisionAnswer, ExceptionAnswer } from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';
import { instant, instantOrNull } from './instants.ts';

/** Shows an exception as it stands now. What it would be decided on is told where it waits for a decision. */
export async function showState(ports: ApiPorts, state: ExceptionState): Promise<ExceptionAnswer> {
  const nowMs = ports.clock.now();
  const { status } = statusOf(state, nowMs);
  const waits = status === 'pending' || status === 'suspended';
  const facts = waits ? await ports.factsOf(state.spec) : null;
  return toAnswer(state, { nowMs, facts: facts?.ok ? facts.value : null, ports });
}

interface Looking {
  readonly nowMs: number;
  readonly facts: ExceptionFacts | null;
  readonly ports: ApiPorts;
}

function toAnswer(state: ExceptionState, { nowMs, facts, ports }: Looking): ExceptionAnswer {
  const { id, kind, revision, grant } = state;
  const { status, close, review: reviewStatus } = statusOf(state, nowMs);
  const looked = facts === null ? null : lookAt(state, facts, ports.digest);
  const tier = looked?.tier ?? state.tier;
  return {
    ...{ id, kind, status, close, reviewStatus, revision, tier },
    digest: looked?.digest ?? '',
    policyVersion: facts?.policyVersion ?? grant?.policyVersion ?? '',
    findings: state.findings,
    ...specFields(grant?.spec ?? state.spec),
    requester: state.requester,
    submittedAt: instant(state.requestedAtMs),
    startAt: instantOrNull(state.spec.startAtMs),
    pendingUntil: grant === null ? instant(state.pendingUntilMs) : null,
    startBy: grant === null ? instantOrNull(state.startByMs) : null,
    notBefore: instantOrNull(grant?.notBeforeMs ?? null),
    notAfter: instantOrNull(grant?.notAfterMs ?? null),
    endedAt: instantOrNull(endedAt(state, nowMs)),
    endedBy: state.ended?.by ?? null,
    approvalsNeeded: status === 'pending' ? approvalsNeeded(state, tier, facts) : 0,
    held: toHold(state, status),
    acknowledged: toAcknowledged(state),
    confirm: confirmOf(state, { status, tier, facts }),
    decisions: state.decisions.map((decision) => toDecision(decision, revision)),
    closedAt: instantOrNull(state.closed?.atMs ?? null),
    reviewDueAt: instantOrNull(reviewDueOf(state)),
    review: toReview(state),
  };
}

type SpecFields =
  | 'service'
  | 'identity'
  | 'to'
  | 'via'
  | 'durationSeconds'
  | 'bytesUp'
  | 'bytesDown'
  | 'beneficiary'
  | 'owner'
  | 'reason'
  | 'ticket'
  | 'extends'
  | 'decision';

function specFields(spec: ExceptionState['spec']): Pick<ExceptionAnswer, SpecFields> {
  const { service, identity, to, via, bytesUp, bytesDown, beneficiary, owner, reason, ticket } = spec;
  return {
    ...{ service, identity, to, via, bytesUp, bytesDown, beneficiary, owner, reason, ticket },
    durationSeconds: spec.durationMs / 1_000,
    extends: spec.extends,
    decision: spec.denial,
  };
}

function approvalsNeeded(state: ExceptionState, tier: ExceptionState['tier'], facts: ExceptionFacts | null): number {
  if (facts === null || tier === 'break-glass') return 0;
  const given = state.decisions.filter(({ verdict, revision }) => verdict === 'approve' && revision === state.revision);
  return Math.max(0, facts.tiers[tier].quorum - given.length);
}

/** What the act that it waits for asks of whoever does it: approving, resuming, or standing by a break-glass. */
function confirmOf(
  state: ExceptionState,
  looked: {
    readonly status: ExceptionAnswer['status'];
    readonly tier: ExceptionState['tier'];
    readonly facts: ExceptionFacts | null;
  },
): ExceptionAnswer['confirm'] {
  const { status, tier, facts } = looked;
  if (facts !== null) return facts.tiers[tier === 'break-glass' ? 'high' : tier].confirm;
  const waitsForSecond = state.kind === 'break-glass' && status === 'active' && state.acknowledged === null;
  return waitsForSecond ? (state.grant?.confirm ?? 'registered') : 'never';
}

function endedAt(state: ExceptionState, nowMs: number): number | null {
  if (state.grant === null) return state.ended?.atMs ?? null;
  const end = endOf(state);
  return end !== null && end <= nowMs ? end : null;
}

function toDecision(decision: ExceptionState['decisions'][number], revision: number): DecisionAnswer {
  const { by, verdict, atMs, note } = decision;
  const reason = note === '' ? null : note;
  const confirmedBy = decision.confirmedBy?.kind ?? null;
  return { by, verdict, at: instant(atMs), reason, isCurrent: decision.revision === revision, confirmedBy };
}

function toHold({ suspended }: ExceptionState, status: ExceptionAnswer['status']): ExceptionAnswer['held'] {
  if (suspended === null || status !== 'suspended') return null;
  const { by, atMs, reason } = suspended;
  return { by, at: instant(atMs), reason };
}

function toAcknowledged({ acknowledged }: ExceptionState): ExceptionAnswer['acknowledged'] {
  return acknowledged === null ? null : { by: acknowledged.by, at: instant(acknowledged.atMs) };
}

function toReview({ reviewed }: ExceptionState): ExceptionAnswer['review'] {
  if (reviewed === null) return null;
  const { by, outcome, atMs, note } = reviewed;
  return { by, outcome, at: instant(atMs), note: note === '' ? null : note };
}
