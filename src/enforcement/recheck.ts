import type { Principal } from '../identity/index.ts';
import type { CompiledPolicy, DecisionRequest, Reason, Verdict, VerdictRecord } from '../policy/index.ts';
import { grantOverOfFlow, isDraining, meterFlow } from './grants-of-flow.ts';
import type { LiveFlow } from './live-flow.ts';
import { admittedAt, denied, denyRecord, factsOfFlow, verdictRecord } from './records.ts';
import { decisionRequest, type SessionPorts } from './session-ports.ts';

/** Why a live flow must end, and the record that says so. */
export interface RecheckFinding {
  readonly reason: Reason;
  readonly record: VerdictRecord;
}

/** The rest of a finding: the verdict that denies, if one does, under the policy now in force. */
interface Cause {
  readonly reason: Reason;
  readonly verdict: Verdict | null;
}

/**
 * Judges a live flow again, by proof, by name, by address and by what it carries: null when something still justifies it.
 * Deciding that fails cuts the flow.
 */
export function recheckFlow(ports: SessionPorts, flow: LiveFlow): RecheckFinding | null {
  const policy = ports.policy.current();
  const cause = findCause(ports, flow, policy);
  if (cause === null) return null;
  return findingOf(ports, flow, cause);
}

/** Ends a live flow whose bytes cannot be counted: what a capped grant lets pass must be written down first. */
export function blockFlow(ports: SessionPorts, flow: LiveFlow): RecheckFinding {
  return findingOf(ports, flow, { reason: 'records_blocked', verdict: flow.verdict });
}

// The record names the grant that justified the flow until now.
function findingOf(ports: SessionPorts, flow: LiveFlow, { reason, verdict }: Cause): RecheckFinding {
  const nowMs = ports.clock.now();
  const facts = factsOfFlow(flow, ports.newId(nowMs), nowMs, 'recheck');
  const record =
    verdict === null
      ? denyRecord(facts, reason, ports.policy.current()?.version ?? null)
      : verdictRecord(facts, denied(verdict, reason));
  ports.observer.refused(reason, flow.principal.service);
  return { reason, record: { ...record, grantId: flow.verdict.grantId ?? flow.innerGrantId } };
}

function findCause(ports: SessionPorts, flow: LiveFlow, policy: CompiledPolicy | null): Cause | null {
  if (policy === null) return { reason: 'no_policy', verdict: null };
  try {
    return judgeAgain(ports, flow, policy);
  } catch (error) {
    ports.observer.failed('recheck', error);
    return { reason: 'decision_failed', verdict: null };
  }
}

function judgeAgain(ports: SessionPorts, flow: LiveFlow, policy: CompiledPolicy): Cause | null {
  const principal = stillIdentified(ports, flow, policy);
  if (typeof principal === 'string') return { reason: principal, verdict: null };
  const request = decisionRequest(ports, principal, flow.destination);
  const decided = ports.judge.decide(policy, request);
  if (decided.verdict === 'deny') return causeOfDeny(ports, flow, decided);
  const verdict = approveAgain(ports, flow, { policy, request, decided });
  const over = grantOverOfFlow(ports, flow);
  if (typeof verdict === 'string') return { reason: over ?? verdict, verdict: decided };
  if (!isStillAdmitted(flow, verdict)) return { reason: over ?? 'policy_changed', verdict };
  if (flow.inner !== null) {
    const inner = ports.judge.decide(policy, decisionRequest(ports, principal, flow.inner));
    if (inner.verdict === 'deny') return causeOfDeny(ports, flow, inner);
    flow.innerGrantId = inner.grantId;
  }
  flow.principal = principal;
  flow.verdict = verdict;
  flow.judgedBy = policy;
  flow.trustGeneration = ports.verifier.generation;
  meterFlow(ports, flow);
  return null;
}

// The verdict, narrowed to what the address admits, or why the address may not be kept.
function approveAgain(
  ports: SessionPorts,
  { address }: LiveFlow,
  found: { readonly policy: CompiledPolicy; readonly request: DecisionRequest; readonly decided: Verdict },
): Verdict | Reason {
  if (address === null) return found.decided;
  const answer = { addresses: [address.address], network: ports.policy.network() };
  const approval = ports.judge.approve(found.policy, found.request, found.decided, answer);
  if (approval.approved.length === 0) return approval.reason ?? 'address_forbidden';
  return admittedAt(found.decided, approval, 0);
}

function stillIdentified(ports: SessionPorts, flow: LiveFlow, policy: CompiledPolicy): Principal | Reason {
  const now = ports.clock.now();
  if (flow.evidence.presented.some((evidence) => !ports.verifier.stillHolds(evidence, now))) return 'proof_ended';
  const found = ports.judge.identify(policy, flow.evidence, now);
  if (found.kind === 'anonymous') return 'policy_changed';
  if (found.kind === 'refused') return found.reason;
  return found.principal.service === flow.principal.service ? found.principal : 'policy_changed';
}

// Whatever denies it for another reason than that nothing justifies it any more ends it at once.
function causeOfDeny(ports: SessionPorts, flow: LiveFlow, verdict: Verdict): Cause | null {
  if (absences.has(verdict.reason) && isDraining(ports, flow)) return null;
  return { reason: reasonNow(ports, flow, verdict.reason), verdict };
}

// A rule that was taken away leaves no deny behind it, only its absence; a flow that lived by a grant ends with that one's end, whatever
// else covers it and does not count.
function reasonNow(ports: SessionPorts, flow: LiveFlow, reason: Reason): Reason {
  return absences.has(reason) ? (grantOverOfFlow(ports, flow) ?? 'policy_changed') : reason;
}

const absences: ReadonlySet<Reason> = new Set([
  'no_rule_matched',
  'grant_expired',
  'grant_revoked',
  'grant_suspended',
  'budget_spent',
]);

function isStillAdmitted(flow: LiveFlow, { admission, mode }: Verdict): boolean {
  if (mode === 'observe') return true;
  if (flow.usesEch && !admission.ech && !admission.tcp) return false;
  switch (flow.carried) {
    case 'unread':
      return true;
    case 'tls':
      return admission.tls || admission.tcp;
    case 'unnamed-tls':
      return (admission.tls && admission.sniNone) || admission.tcp;
    case 'http':
      return admission.http || admission.tcp;
    case 'tcp':
    case 'unknown':
      return admission.tcp;
    default:
      return flow.carried satisfies never;
  }
}
