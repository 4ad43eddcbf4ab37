import type { Principal } from '../identity/index.ts';
import type { CompiledPolicy, DecisionRequest, Reason, Verdict, VerdictRecord } from '../policy/index.ts';
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
  const nowMs = ports.clock.now();
  const facts = factsOfFlow(flow, ports.newId(nowMs), nowMs, 'recheck');
  const record =
    cause.verdict === null
      ? denyRecord(facts, cause.reason, policy?.version ?? null)
      : verdictRecord(facts, denied(cause.verdict, cause.reason));
  ports.observer.refused(cause.reason, flow.principal.service);
  return { reason: cause.reason, record };
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
  if (decided.verdict === 'deny') return { reason: reasonNow(decided.reason), verdict: decided };
  const verdict = approveAgain(ports, flow, { policy, request, decided });
  if (typeof verdict === 'string') return { reason: verdict, verdict: decided };
  if (!isStillAdmitted(flow, verdict)) return { reason: 'policy_changed', verdict };
  if (flow.inner !== null) {
    const inner = ports.judge.decide(policy, decisionRequest(ports, principal, flow.inner));
    if (inner.verdict === 'deny') return { reason: reasonNow(inner.reason), verdict: inner };
  }
  flow.principal = principal;
  flow.verdict = verdict;
  flow.judgedBy = policy;
  flow.trustGeneration = ports.verifier.generation;
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
  return admittedAt(found.decided, approval.admissions[0]);
}

function stillIdentified(ports: SessionPorts, flow: LiveFlow, policy: CompiledPolicy): Principal | Reason {
  const now = ports.clock.now();
  if (flow.evidence.presented.some((evidence) => !ports.verifier.stillHolds(evidence, now))) return 'proof_ended';
  const found = ports.judge.identify(policy, flow.evidence, now);
  if (found.kind === 'anonymous') return 'policy_changed';
  if (found.kind === 'refused') return found.reason;
  return found.principal.service === flow.principal.service ? found.principal : 'policy_changed';
}

// A rule that was taken away leaves no deny behind it, only its absence.
function reasonNow(reason: Reason): Reason {
  return reason === 'no_rule_matched' ? 'policy_changed' : reason;
}

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
