import type { CompiledPolicy } from '../../policy/index.ts';
import type { Coverage } from '../coverage.ts';
import type { JudgeableEdge } from '../edge.ts';
import type { EdgeJudge, EdgeJudgement } from '../judge-edges.ts';
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

/** A policy with what judges edges by it. */
export interface JudgingPolicy {
  readonly policy: CompiledPolicy;
  readonly judge: EdgeJudge;
}

/** What is compared. */
export interface ComparisonParts {
  readonly edges: readonly JudgeableEdge[];
  readonly now: JudgingPolicy;
  readonly before: JudgingPolicy;
  readonly principalsOf: (principal: string) => PrincipalPair;
  readonly coverage: Coverage;
  readonly ownerOf: (principal: string) => string | null;
}

/** Judges edges of the past by two policies and tells where they differ. */
export function compareOnEdges(parts: ComparisonParts): ReplayComparison {
  const { edges, now, before, principalsOf, coverage, ownerOf } = parts;
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
    const compared = compareEdge(edge, { now, before, principalsOf });
    const { change } = compared;
    totals[change] = addToTotal(totals[change], edge);
    if (change !== 'unchanged') folds[change].add(compared.edge, compared.now);
  }
  return {
    policyVersion: now.policy.version,
    againstVersion: before.policy.version,
    totals,
    groups: {
      newly_denied: folds.newly_denied.groups(),
      newly_allowed: folds.newly_allowed.groups(),
      unclear: folds.unclear.groups(),
    },
    coverage,
  };
}

/** One edge under two policies. `edge` is that of its principal under the new one. */
export interface ComparedEdge {
  readonly change: ReplayChange;
  readonly edge: JudgeableEdge;
  readonly now: EdgeJudgement;
  readonly before: EdgeJudgement;
}

/** Judges one edge of the past by two policies. */
export function compareEdge(
  edge: JudgeableEdge,
  { now, before, principalsOf }: Pick<ComparisonParts, 'now' | 'before' | 'principalsOf'>,
): ComparedEdge {
  const pair = principalsOf(edge.principal);
  const edgeNow = withPrincipal(edge, pair.now);
  const edgeBefore = withPrincipal(edge, pair.before);
  const [judgement, judgementBefore] = [now.judge.judge(edgeNow), before.judge.judge(edgeBefore)];
  const stood = standing(edgeBefore, judgementBefore, before.policy);
  const change = changeOf(stood, standing(edgeNow, judgement, now.policy));
  return { change, edge: edgeNow, now: judgement, before: judgementBefore };
}

/** An edge as that of another principal. */
export function withPrincipal(edge: JudgeableEdge, principal: string): JudgeableEdge {
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
