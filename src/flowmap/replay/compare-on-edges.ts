import type { CompiledPolicy } from '../../policy/index.ts';
import type { Coverage } from '../coverage.ts';
import type { JudgeableEdge } from '../edge.ts';
import { createEdgeJudge, type EdgeJudgement } from '../judge-edges.ts';
import { outcomeOf, type ReplayOutcome } from './replay-edges.ts';
import { addToTotal, noTotal, type ReplayGroup, ReplayGroupFold, type ReplayTotal } from './replay-group.ts';

/** What an edge of the past comes to under one policy beside another. `unclear`: uncertain under one of them, and not the same under both. */
export const replayChanges = ['newly_denied', 'newly_allowed', 'unclear', 'unchanged'] as const;

/** One of {@link replayChanges}. */
export type ReplayChange = (typeof replayChanges)[number];

/** What changes for what was seen, from one policy to another. */
export interface ReplayComparison {
  readonly policyVersion: string;
  readonly againstVersion: string;
  readonly totals: Readonly<Record<ReplayChange, ReplayTotal>>;
  /** By service (that of the new policy) and destination, with what the new policy says. */
  readonly groups: Readonly<Record<Exclude<ReplayChange, 'unchanged'>, readonly ReplayGroup[]>>;
  readonly coverage: Coverage;
}

/** Who an edge is of under the new policy and under the old one: their source ranges and credentials may differ. */
export interface PrincipalPair {
  readonly now: string;
  readonly before: string;
}

/** What is compared. */
export interface ComparisonParts {
  readonly edges: readonly JudgeableEdge[];
  readonly policy: CompiledPolicy;
  readonly against: CompiledPolicy;
  readonly principalsOf: (principal: string) => PrincipalPair;
  readonly coverage: Coverage;
  readonly ownerOf: (principal: string) => string | null;
  /** Epoch milliseconds: observing that ended by then counts as enforced. */
  readonly nowMs: number;
}

/** Judges edges of the past by two policies and tells where they differ. */
export function compareOnEdges(parts: ComparisonParts): ReplayComparison {
  const { edges, policy, against, principalsOf, coverage, ownerOf, nowMs } = parts;
  const judges = { now: createEdgeJudge(policy, nowMs), before: createEdgeJudge(against, nowMs) };
  const totals = Object.fromEntries(replayChanges.map((change) => [change, noTotal])) as Record<
    ReplayChange,
    ReplayTotal
  >;
  const folds = {
    newly_denied: new ReplayGroupFold(ownerOf),
    newly_allowed: new ReplayGroupFold(ownerOf),
    unclear: new ReplayGroupFold(ownerOf),
  };
  for (const edge of edges) {
    const pair = principalsOf(edge.principal);
    const edgeNow = withPrincipal(edge, pair.now);
    const edgeBefore = withPrincipal(edge, pair.before);
    const now = judges.now.judge(edgeNow);
    const before = standing(edgeBefore, judges.before.judge(edgeBefore), against);
    const change = changeOf(before, standing(edgeNow, now, policy));
    totals[change] = addToTotal(totals[change], edge);
    if (change !== 'unchanged') folds[change].add(edgeNow, now);
  }
  return {
    policyVersion: policy.version,
    againstVersion: against.version,
    totals,
    groups: {
      newly_denied: folds.newly_denied.groups(),
      newly_allowed: folds.newly_allowed.groups(),
      unclear: folds.unclear.groups(),
    },
    coverage,
  };
}

function withPrincipal(edge: JudgeableEdge, principal: string): JudgeableEdge {
  return edge.principal === principal ? edge : { ...edge, principal };
}

type Standing = 'open' | 'closed' | 'unclear' | 'blocked_open' | 'blocked' | 'not_judged';

// What the source itself refused never passed: no policy can newly deny it, but one may newly open it.
function standing(edge: JudgeableEdge, judgement: EdgeJudgement, policy: CompiledPolicy): Standing {
  const outcome = outcomeOf(edge, judgement, policy);
  if (outcome === 'denied_by_source') return judgement.verdict === 'allow' ? 'blocked_open' : 'blocked';
  return standings[outcome];
}

const standings: Readonly<Record<Exclude<ReplayOutcome, 'denied_by_source'>, Standing>> = {
  allowed: 'open',
  observed: 'open',
  would_be_denied: 'closed',
  no_service: 'closed',
  uncertain: 'unclear',
  not_judged: 'not_judged',
};

function changeOf(before: Standing, now: Standing): ReplayChange {
  if (before === now) return 'unchanged';
  if (before === 'open' && now === 'closed') return 'newly_denied';
  if ((before === 'closed' && now === 'open') || (before === 'blocked' && now === 'blocked_open')) {
    return 'newly_allowed';
  }
  return before === 'unclear' || now === 'unclear' ? 'unclear' : 'unchanged';
}
