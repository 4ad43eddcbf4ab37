import type { Entry } from '../../audit/index.ts';
import type { Strength } from '../../identity/index.ts';
import type { ConfirmMode } from '../../policy/index.ts';
import { type Act, actOf, personOf } from '../act.ts';
import type { ConfirmedBy } from '../people/confirmation.ts';
import type { ExceptionSpec, Narrowing } from '../spec/exception-spec.ts';
import type { TierFinding } from '../spec/tier-of.ts';
import type {
  AnyTierName,
  Decision,
  ExceptionState,
  GrantedState,
  OfflineUse,
  PointEvidence,
  ReviewOutcome,
  Suspension,
} from './exception-state.ts';

/** What was asked, with everything that was worked out from the policy of that moment. */
export interface AskedDetails {
  readonly id: string;
  readonly revision: number;
  readonly spec: ExceptionSpec;
  readonly tier: AnyTierName;
  readonly findings: readonly TierFinding[];
  readonly policyVersion: string;
  readonly digest: string;
  readonly pendingUntilMs: number;
  readonly startByMs: number | null;
}

/** What was granted: complete, so that no policy is needed to replay it. */
export interface GrantedDetails {
  readonly spec: ExceptionSpec;
  readonly strength: Strength | null;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly drainMs: number;
  readonly policyVersion: string;
  readonly approvers: readonly string[];
  readonly reviewWithinMs: number | null;
  /** Of break-glass: whether acknowledging it is confirmed. */
  readonly confirm?: ConfirmMode;
}

/** What entries about exceptions say, by action. Replaying them gives the same states. */
export interface ExceptionDetails {
  readonly 'exception.submitted': AskedDetails;
  readonly 'exception.edited': AskedDetails;
  readonly 'exception.decided': {
    readonly verdict: Decision['verdict'];
    readonly revision: number;
    readonly digest: string;
    readonly policyVersion: string;
    readonly narrowing: Narrowing;
    readonly note: string;
    readonly confirmedBy?: ConfirmedBy;
  };
  readonly 'exception.granted': GrantedDetails;
  readonly 'exception.withdrawn': { readonly reason: string };
  readonly 'exception.revoked': { readonly reason: string };
  readonly 'exception.suspended': { readonly why: Suspension['why']; readonly reason: string };
  readonly 'exception.resumed': {
    readonly digest: string;
    readonly policyVersion: string;
    readonly note: string;
    readonly confirmedBy?: ConfirmedBy;
  };
  readonly 'exception.closed': { readonly points: readonly PointEvidence[] };
  readonly 'exception.reviewed': { readonly outcome: ReviewOutcome; readonly note: string };
  readonly 'exception.declared': AskedDetails & { readonly grant: GrantedDetails };
  readonly 'exception.acknowledged': { readonly notAfterMs: number; readonly confirmedBy?: ConfirmedBy };
  readonly 'exception.learned': AskedDetails & {
    readonly grant: GrantedDetails;
    readonly requester: string;
    readonly atMs: number;
    readonly offline: Omit<OfflineUse, 'learnedAtMs'>;
  };
}

/** The exception that entries of `exception/…` tell of, or null before it was asked for. */
export function foldException(entries: readonly Entry[]): ExceptionState | null {
  return applyActs(null, entries.map(actOf));
}

/** A state after more acts. */
export function applyActs(state: ExceptionState | null, acts: readonly Act[]): ExceptionState | null {
  return acts.reduce(applyAct, state);
}

function applyAct(state: ExceptionState | null, act: Act): ExceptionState | null {
  if (state === null) return begin(act);
  const by = personOf(act);
  switch (act.action) {
    case 'exception.edited':
      return edit(state, act);
    case 'exception.decided':
      return decide(state, act);
    case 'exception.granted':
      return { ...state, grant: { ...detailsOf(act, 'exception.granted'), atMs: act.atMs } };
    case 'exception.withdrawn':
    case 'exception.revoked': {
      const how = act.action === 'exception.withdrawn' ? 'withdrawn' : 'revoked';
      return { ...state, ended: { how, by, atMs: act.atMs, reason: detailsOf(act, act.action).reason } };
    }
    case 'exception.suspended':
      return { ...state, suspended: { ...detailsOf(act, 'exception.suspended'), by, atMs: act.atMs } };
    case 'exception.resumed':
      return { ...state, suspended: null };
    case 'exception.acknowledged':
      return acknowledge(state, act);
    case 'exception.closed':
      return { ...state, closed: { ...detailsOf(act, 'exception.closed'), atMs: act.atMs } };
    case 'exception.reviewed':
      return { ...state, reviewed: { ...detailsOf(act, 'exception.reviewed'), by: by ?? '', atMs: act.atMs } };
    default:
      return state;
  }
}

function begin(act: Act): ExceptionState | null {
  if (act.action === 'exception.submitted') {
    const asked = detailsOf(act, 'exception.submitted');
    return start(asked, { kind: 'exception', requester: personOf(act) ?? '', atMs: act.atMs, grant: null });
  }
  if (act.action === 'exception.declared') {
    const { grant, ...asked } = detailsOf(act, 'exception.declared');
    const granted = { ...grant, atMs: act.atMs };
    return start(asked, { kind: 'break-glass', requester: personOf(act) ?? '', atMs: act.atMs, grant: granted });
  }
  if (act.action !== 'exception.learned') return null;
  const { grant, requester, atMs, offline, ...asked } = detailsOf(act, 'exception.learned');
  const state = start(asked, { kind: 'break-glass', requester, atMs, grant: { ...grant, atMs } });
  return { ...state, offline: { ...offline, learnedAtMs: act.atMs } };
}

interface Beginning {
  readonly kind: ExceptionState['kind'];
  readonly requester: string;
  readonly atMs: number;
  readonly grant: GrantedState | null;
}

function start(asked: AskedDetails, { kind, requester, atMs, grant }: Beginning): ExceptionState {
  const { id, revision, spec, tier, findings, pendingUntilMs, startByMs } = asked;
  return {
    id,
    kind,
    requester,
    requestedAtMs: atMs,
    revision,
    editors: [requester],
    spec,
    tier,
    findings,
    pendingUntilMs,
    startByMs,
    decisions: [],
    grant,
    ended: null,
    suspended: null,
    acknowledged: null,
    closed: null,
    reviewed: null,
    offline: null,
  };
}

function edit(state: ExceptionState, act: Act): ExceptionState {
  const { revision, spec, tier, findings, pendingUntilMs, startByMs } = detailsOf(act, 'exception.edited');
  const editors = [...new Set([...state.editors, personOf(act) ?? ''])];
  return { ...state, revision, spec, tier, findings, pendingUntilMs, startByMs, editors };
}

function decide(state: ExceptionState, act: Act): ExceptionState {
  const decision: Decision = { ...detailsOf(act, 'exception.decided'), by: personOf(act) ?? '', atMs: act.atMs };
  const decided = { ...state, decisions: [...state.decisions, decision] };
  if (decision.verdict === 'approve') return decided;
  return { ...decided, ended: { how: 'denied', by: decision.by, atMs: act.atMs, reason: decision.note } };
}

function acknowledge(state: ExceptionState, act: Act): ExceptionState {
  if (state.grant === null) return state;
  const { notAfterMs } = detailsOf(act, 'exception.acknowledged');
  const acknowledged = { by: personOf(act) ?? '', atMs: act.atMs };
  return { ...state, acknowledged, grant: { ...state.grant, notAfterMs } };
}

/** The details of an act by its action: entries of this room are written by this room only. */
function detailsOf<A extends keyof ExceptionDetails>(act: Act, _action: A): ExceptionDetails[A] {
  return act.details as unknown as ExceptionDetails[A];
}
