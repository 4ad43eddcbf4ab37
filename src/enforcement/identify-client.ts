import type { Evidence, EvidenceSet, PresentedProof, Principal, ProofOutcome } from '../identity/index.ts';
import type { CompiledPolicy, Reason } from '../policy/index.ts';
import type { ClientContext, Over } from './client-context.ts';
import { arm, ask, type Step } from './conversation.ts';

/** Who asks: a principal with the policy that knows it, a refusal, or an end. `evidence` is null where none was gathered. */
export type ClientIdentity =
  | {
      readonly kind: 'identified';
      readonly policy: CompiledPolicy;
      readonly principal: Principal;
      readonly evidence: EvidenceSet;
      readonly trustGeneration: number;
    }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly isChallenge: boolean }
  | Over;

/** What a request presented: a proof, nothing, or something that cannot be read and so counts as a failed proof. */
export type RequestProof = PresentedProof | 'unreadable' | null;

/**
 * Verifies what was presented and names the principal. INVARIANT: a proof that is presented and fails never falls back to a weaker
 * one; the source counts by itself only when nothing was presented.
 */
export function* identifyClient(client: ClientContext, proof: RequestProof): Step<ClientIdentity> {
  const policy = client.ports.policy.current();
  if (policy === null) return { kind: 'refused', reason: 'no_policy', isChallenge: false };
  if (proof !== null && isForbiddenCleartext(client)) {
    return { kind: 'refused', reason: 'cleartext_proof_refused', isChallenge: false };
  }
  // Taken before verifying: if trust material changes meanwhile, the flow is judged again before it is established.
  const trustGeneration = client.ports.verifier.generation;
  const presented: Evidence[] = [];
  for (const each of [client.certificate, proof]) {
    if (each === null) continue;
    const evidence = yield* verifyProof(client, each);
    if (evidence === null) return { kind: 'refused', reason: 'proof_refused', isChallenge: true };
    if (evidence.kind === 'over') return evidence;
    presented.push(evidence);
  }
  // A flow keeps it for as long as it lives, and an array that grew has room for seventeen.
  const evidence = { source: client.facts.sourceAddress, presented: presented.slice() };
  return namePrincipal(client, policy, evidence, trustGeneration);
}

function isForbiddenCleartext(client: ClientContext): boolean {
  return !client.isSecured && !client.facts.isLoopback && !client.ports.settings.allowCleartextProof;
}

function* verifyProof(client: ClientContext, proof: PresentedProof | 'unreadable'): Step<Evidence | Over | null> {
  const { observer, settings } = client.ports;
  if (proof === 'unreadable') {
    observer.proofFailed('malformed');
    return null;
  }
  arm(client, settings.limits.askTimeoutMs);
  const event = yield* ask(client, { type: 'verify', proof }, 'verified');
  arm(client, null);
  if (event.type === 'over') return { kind: 'over', by: event.by };
  const outcome: ProofOutcome = event.type === 'deadline' ? { kind: 'unavailable' } : event.outcome;
  if (outcome.kind === 'verified') return outcome.evidence;
  observer.proofFailed(outcome.kind === 'failed' ? outcome.why : 'unavailable');
  return null;
}

function namePrincipal(
  client: ClientContext,
  policy: CompiledPolicy,
  evidence: EvidenceSet,
  trustGeneration: number,
): ClientIdentity {
  try {
    const found = client.ports.judge.identify(policy, evidence, client.ports.clock.now());
    if (found.kind === 'anonymous') return { kind: 'refused', reason: 'proof_required', isChallenge: true };
    if (found.kind === 'refused') return { kind: 'refused', reason: found.reason, isChallenge: false };
    return { kind: 'identified', policy, principal: found.principal, evidence, trustGeneration };
  } catch (error) {
    client.ports.observer.failed('identify', error);
    return { kind: 'refused', reason: 'decision_failed', isChallenge: false };
  }
}
