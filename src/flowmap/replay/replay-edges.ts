import type { CompiledPolicy, ListedRule } from '../../policy/index.ts';
import type { Coverage } from '../coverage.ts';
import type { JudgeableEdge } from '../edge.ts';
import type { EdgeJudge, EdgeJudgement } from '../judge-edges.ts';
import { addToTotal, noTotal, type ReplayGroup, ReplayGroupFold, type ReplayTotal } from './replay-group.ts';
import { RuleUse, type RuleUses } from './rule-use.ts';

/**
 * What an edge of the past comes to under a policy. `observed`: allowed only while its service is observed; `no_service`: denied because the
 * policy has no such service; `uncertain`: an address that may have had several names, of which the policy allows some;
 * `denied_by_source`: nothing of it ever passed; `not_judged`: no TCP and no UDP, of which no rule speaks.
 */
export const replayOutcomes = [
  'allowed',
  'would_be_denied',
  'no_service',
  'uncertain',
  'observed',
  'denied_by_source',
  'not_judged',
] as const;

/** One of {@link replayOutcomes}. */
export type ReplayOutcome = (typeof replayOutcomes)[number];

/** What one principal comes to. */
export interface ReplayedService {
  readonly service: string;
  readonly owner: string | null;
  readonly totals: Readonly<Partial<Record<ReplayOutcome, ReplayTotal>>>;
}

/** History as a policy would have judged it. */
export interface ReplayReport {
  readonly policyVersion: string;
  readonly totals: Readonly<Record<ReplayOutcome, ReplayTotal>>;
  /** Every principal, in order of name. */
  readonly services: readonly ReplayedService[];
  /** By service and destination; of what is allowed there are the totals and the rules. */
  readonly groups: Readonly<Record<Exclude<ReplayOutcome, 'allowed'>, readonly ReplayGroup[]>>;
  readonly rules: RuleUses;
  readonly coverage: Coverage;
}

/** What is replayed. */
export interface ReplayParts {
  readonly edges: readonly JudgeableEdge[];
  readonly policy: CompiledPolicy;
  readonly judge: EdgeJudge;
  /** Rules of which use is told. */
  readonly rules: readonly ListedRule[];
  readonly coverage: Coverage;
  readonly ownerOf: (principal: string) => string | null;
}

/** Judges edges of the past with the one evaluator, each once. */
export function replayEdges({ edges, policy, judge, rules, coverage, ownerOf }: ReplayParts): ReplayReport {
  const use = new RuleUse();
  const totals = Object.fromEntries(replayOutcomes.map((outcome) => [outcome, noTotal])) as Totals;
  const services = new Map<string, Partial<Totals>>();
  const folds = createFolds(ownerOf);
  for (const edge of edges) {
    const judgement = judge.judge(edge);
    const outcome = outcomeOf(edge, judgement, policy);
    totals[outcome] = addToTotal(totals[outcome], edge);
    const own = services.get(edge.principal) ?? {};
    own[outcome] = addToTotal(own[outcome] ?? noTotal, edge);
    services.set(edge.principal, own);
    use.add(edge, outcome, judgement);
    if (outcome !== 'allowed') folds[outcome].add(edge, judgement);
  }
  return {
    policyVersion: policy.version,
    totals,
    services: [...services.keys()]
      .sort()
      .map((service) => ({ service, owner: ownerOf(service), totals: services.get(service) ?? {} })),
    groups: mapFolds(folds),
    rules: use.report(rules),
    coverage,
  };
}

type Totals = Record<ReplayOutcome, ReplayTotal>;
type Folds = Readonly<Record<Exclude<ReplayOutcome, 'allowed'>, ReplayGroupFold>>;

function createFolds(ownerOf: ReplayParts['ownerOf']): Folds {
  return {
    would_be_denied: new ReplayGroupFold(ownerOf),
    no_service: new ReplayGroupFold(ownerOf),
    uncertain: new ReplayGroupFold(ownerOf),
    observed: new ReplayGroupFold(ownerOf),
    denied_by_source: new ReplayGroupFold(ownerOf),
    not_judged: new ReplayGroupFold(ownerOf),
  };
}

function mapFolds(folds: Folds): ReplayReport['groups'] {
  return {
    would_be_denied: folds.would_be_denied.groups(),
    no_service: folds.no_service.groups(),
    uncertain: folds.uncertain.groups(),
    observed: folds.observed.groups(),
    denied_by_source: folds.denied_by_source.groups(),
    not_judged: folds.not_judged.groups(),
  };
}

/** What a judged edge comes to. */
export function outcomeOf(edge: JudgeableEdge, judgement: EdgeJudgement, policy: CompiledPolicy): ReplayOutcome {
  if (hasNotPassed(edge)) return 'denied_by_source';
  if (!judgedProtocols.has(edge.protocol) || judgement.verdict === 'not-judged') return 'not_judged';
  if (judgement.verdict === 'uncertain') return 'uncertain';
  if (judgement.verdict === 'allow') return judgement.wouldDeny ? 'observed' : 'allowed';
  return policy.service(edge.principal) === null ? 'no_service' : 'would_be_denied';
}

/** TCP, UDP, and where no record said. */
const judgedProtocols: ReadonlySet<number> = new Set([0, 6, 17]);

function hasNotPassed({ denied, connections, bytesUp, bytesDown }: JudgeableEdge): boolean {
  return denied > 0 && connections === 0 && (bytesUp ?? 0) === 0 && (bytesDown ?? 0) === 0;
}
