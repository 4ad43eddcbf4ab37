import { type IpAddress, parseIpAddress } from '../../destination/index.ts';
import type { Evidence, Identification, PresentedProof, Principal, ProofOutcome } from '../../identity/index.ts';
import type { CompiledPolicy, Reason } from '../../policy/index.ts';
import type { FilterOptions } from './filter-options.ts';

/** Who asks, or why that is nobody. */
export type Asker =
  | { readonly kind: 'known'; readonly principal: Principal; readonly address: IpAddress | null }
  | { readonly kind: 'unknown'; readonly reason: Reason; readonly address: IpAddress | null };

/** Finds out who asks. */
export interface Askers {
  /** By the peer's address (canonical text) and what it presented. A promise only where a proof has to be looked at. */
  find(policy: CompiledPolicy, address: string, proofs: readonly PresentedProof[]): Asker | Promise<Asker>;
}

/** Clients whose addresses were looked at lately; each asks many times a second. */
const mostRemembered = 10_000;
/** A source may count until a date only, so nothing is remembered for longer. */
const rememberedMs = 1_000;

/** Makes the finder. What it remembers holds for one policy. */
export function createAskers({ clock, judge, verifier }: Pick<FilterOptions, 'clock' | 'judge' | 'verifier'>): Askers {
  let known = new Map<string, { readonly asker: Asker; readonly untilMs: number }>();
  let of: CompiledPolicy | null = null;
  const identify = (policy: CompiledPolicy, source: string, presented: readonly Evidence[]): Asker => {
    const parsed = parseIpAddress(source);
    const address = parsed.ok ? parsed.value : null;
    return toAsker(judge.identify(policy, { source, presented }, clock.now()), address);
  };
  const bySource = (policy: CompiledPolicy, source: string): Asker => {
    if (of !== policy) [known, of] = [new Map(), policy];
    const nowMs = clock.now();
    const found = known.get(source);
    if (found !== undefined && nowMs < found.untilMs && nowMs >= found.untilMs - rememberedMs) return found.asker;
    const asker = identify(policy, source, []);
    if (known.size >= mostRemembered) known.clear();
    known.set(source, { asker, untilMs: nowMs + rememberedMs });
    return asker;
  };
  return {
    find: (policy, source, proofs) => {
      if (proofs.length === 0) return bySource(policy, source);
      const outcomes = proofs.map((proof) => verifier.verify(proof, clock.now()));
      const finish = (all: readonly ProofOutcome[]): Asker =>
        byProofs(all, (evidence) => identify(policy, source, evidence));
      return outcomes.some(isPromise)
        ? Promise.all(outcomes).then(finish)
        : finish(outcomes as readonly ProofOutcome[]);
    },
  };
}

function isPromise(outcome: ProofOutcome | Promise<ProofOutcome>): outcome is Promise<ProofOutcome> {
  return outcome instanceof Promise;
}

// A proof that is presented and fails never falls back to a weaker one.
function byProofs(outcomes: readonly ProofOutcome[], identify: (evidence: readonly Evidence[]) => Asker): Asker {
  const evidence = outcomes.flatMap((outcome) => (outcome.kind === 'verified' ? [outcome.evidence] : []));
  return evidence.length === outcomes.length
    ? identify(evidence)
    : { kind: 'unknown', reason: 'identity_unknown', address: null };
}

function toAsker(found: Identification, address: IpAddress | null): Asker {
  if (found.kind === 'identified') return { kind: 'known', principal: found.principal, address };
  const reason = found.kind === 'refused' ? found.reason : 'identity_unknown';
  return { kind: 'unknown', reason, address };
}
