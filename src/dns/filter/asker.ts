import { type IpAddress, parseIpAddress } from '../../destination/index.ts';
import type { Evidence, Identification, PresentedProof, Principal, ProofOutcome } from '../../identity/index.ts';
import type { CompiledPolicy, Reason } from '../../policy/index.ts';
import type { FilterOptions } from './filter-options.ts';

/** Who asks, or why that is nobody. */
export type Asker = AskerFacts & {
  readonly address: IpAddress | null;
  /** Another one for each. */
  readonly id: number;
};

type AskerFacts =
  | { readonly kind: 'known'; readonly principal: Principal }
  | { readonly kind: 'unknown'; readonly reason: Reason };

/** Finds out who asks. */
export interface Askers {
  /** By the peer's address (canonical text) and what it presented, at an instant (epoch milliseconds). A promise only where a proof has to be looked at. */
  find(
    policy: CompiledPolicy,
    client: { readonly address: string; readonly proofs: readonly PresentedProof[] },
    nowMs: number,
  ): Asker | Promise<Asker>;
}

/** Clients whose addresses were looked at lately; each asks many times a second. */
const mostRemembered = 10_000;
/** A source may count until a date only, so nothing is remembered for longer. */
const rememberedMs = 1_000;

interface KnownAsker {
  readonly asker: Asker;
  readonly untilMs: number;
}

/** Makes the finder. What it remembers holds for one policy. */
export function createAskers({ clock, judge, verifier }: Pick<FilterOptions, 'clock' | 'judge' | 'verifier'>): Askers {
  let known = new Map<string, KnownAsker>();
  // A load comes in runs of one client.
  let last: KnownAsker | null = null;
  let lastSource = '';
  let of: CompiledPolicy | null = null;
  let generation = verifier.generation;
  const identify = (policy: CompiledPolicy, source: string, presented: readonly Evidence[]): Asker => {
    const parsed = parseIpAddress(source);
    const address = parsed.ok ? parsed.value : null;
    return toAsker(judge.identify(policy, { source, presented }, clock.now()), address);
  };
  const forgetOthers = (policy: CompiledPolicy): void => {
    if (of === policy && generation === verifier.generation) return;
    [known, of, last] = [new Map(), policy, null];
    generation = verifier.generation;
  };
  const remember = (source: string, entry: KnownAsker): void => {
    if (known.size >= mostRemembered) known.clear();
    known.set(source, entry);
  };
  const bySource = (policy: CompiledPolicy, source: string, nowMs: number): Asker => {
    forgetOthers(policy);
    const recent = source === lastSource ? last : null;
    if (recent !== null && holdsAt(recent, nowMs)) return recent.asker;
    const found = recent ?? known.get(source);
    const before = found?.asker;
    const isKnown = holdsAt(found, nowMs);
    const entry = isKnown ? found : rememberedFor(sameAgain(identify(policy, source, []), before), nowMs);
    if (!isKnown) remember(source, entry);
    last = entry;
    lastSource = source;
    return entry.asker;
  };
  return {
    find: (policy, { address: source, proofs }, nowMs) => {
      if (proofs.length === 0) return bySource(policy, source, nowMs);
      const outcomes = proofs.map((proof) => verifier.verify(proof, clock.now()));
      const finish = (all: readonly ProofOutcome[]): Asker =>
        byProofs(all, (evidence) => identify(policy, source, evidence));
      return outcomes.some(isPromise)
        ? Promise.all(outcomes).then(finish)
        : finish(outcomes as readonly ProofOutcome[]);
    },
  };
}

// Who is the same as before is told by the same object: by that it is known what was found for them.
function sameAgain(asker: Asker, before: Asker | undefined): Asker {
  const isSame = before !== undefined && JSON.stringify({ ...asker, id: before.id }) === JSON.stringify(before);
  return isSame ? before : asker;
}

// A lease ends by the clock and not a second later.
function rememberedFor(asker: Asker, nowMs: number): KnownAsker {
  const endsAt =
    asker.kind === 'known' ? (asker.principal.expiresAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return { asker, untilMs: Math.min(nowMs + rememberedMs, endsAt) };
}

function holdsAt(known: KnownAsker | undefined, nowMs: number): known is KnownAsker {
  return known !== undefined && nowMs < known.untilMs && nowMs >= known.untilMs - rememberedMs;
}

function isPromise(outcome: ProofOutcome | Promise<ProofOutcome>): outcome is Promise<ProofOutcome> {
  return outcome instanceof Promise;
}

// A proof that is presented and fails never falls back to a weaker one.
function byProofs(outcomes: readonly ProofOutcome[], identify: (evidence: readonly Evidence[]) => Asker): Asker {
  const evidence = outcomes.flatMap((outcome) => (outcome.kind === 'verified' ? [outcome.evidence] : []));
  return evidence.length === outcomes.length ? identify(evidence) : unknown('identity_unknown', null);
}

function toAsker(found: Identification, address: IpAddress | null): Asker {
  if (found.kind === 'identified') return { kind: 'known', principal: found.principal, address, id: nextId() };
  return unknown(found.kind === 'refused' ? found.reason : 'identity_unknown', address);
}

function unknown(reason: Reason, address: IpAddress | null): Asker {
  return { kind: 'unknown', reason, address, id: nextId() };
}

let lastId = 0;

// A small integer, for which nothing is allocated. Two askers of one number would only take each other's place in a table.
function nextId(): number {
  lastId = (lastId + 1) & 0x3fffffff;
  return lastId;
}
