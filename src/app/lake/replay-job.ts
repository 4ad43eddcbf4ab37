import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import {
  compareOnEdges,
  createCoverage,
  createEdgeJudge,
  type FlowLake,
  type LakeWindow,
  pairPrincipals,
  type ReplayComparison,
  type ReplayReport,
  replayEdges,
  withPrincipal,
} from '../../flowmap/index.ts';
import { listRules } from '../../policy/index.ts';
import { type CompiledFolder, compileFolder } from '../compile-folder.ts';
import type { JobPorts } from '../front/index.ts';
import { type FlowContext, readFlowContext } from './flow-context.ts';
import { ownerFinder } from './map-job.ts';
import { openLakeToRead } from './open-lake.ts';

/** What to replay. */
export interface ReplayOptions {
  readonly window: LakeWindow;
  /** The folder of the policy that history is judged by; it need not be in force. */
  readonly policy: string;
  /** The folder of the policy to compare with, or null. */
  readonly against: string | null;
  /** One service only; null for all. */
  readonly service: string | null;
  /** Judge observed services as enforced. */
  readonly isEnforced: boolean;
}

/** What a replay came to: history under one policy, or what changes between two. */
export type Replayed =
  | { readonly kind: 'replay'; readonly report: ReplayReport }
  | { readonly kind: 'comparison'; readonly comparison: ReplayComparison };

/** Judges history by policies that need not be in force. Faults: those of the policies, `policy_empty`, `lake_empty`, of the inventory. */
export async function replayJob(options: ReplayOptions, { order }: JobPorts): Promise<Result<Replayed>> {
  const policy = compileToTry(options.policy);
  if (!policy.ok) return policy;
  const against = options.against === null ? null : compileToTry(options.against);
  if (against !== null && !against.ok) return against;
  const opened = await openLakeToRead(order.config);
  if (!opened.ok) return opened;
  const { lake } = opened.value;
  const nowMs = options.isEnforced ? Number.MAX_SAFE_INTEGER : order.nowMs;
  const task = { lake, config: order.config, options, policy: policy.value, nowMs };
  try {
    return await (against === null ? replayHistory(task) : compareTwo(task, against.value));
  } finally {
    opened.value.close();
  }
}

/** A proposal is tried before its reasons are filled in: that is what a replay is for. */
function compileToTry(folder: string): Result<CompiledFolder> {
  const compiled = compileFolder(folder, { acceptsPlaceholders: true });
  if (!compiled.ok || compiled.value.tree.documents.length > 0) return compiled;
  return failed(fault('policy_empty', `\`${folder}\` holds no policy documents, name the folder of a policy`));
}

/** What replaying works with. */
export interface ReplayTask {
  readonly lake: FlowLake;
  readonly config: Config;
  readonly options: ReplayOptions;
  readonly policy: CompiledFolder;
  readonly nowMs: number;
}

/** Replays the history of an open lake. */
export async function replayHistory({ lake, config, options, policy, nowMs }: ReplayTask): Promise<Result<Replayed>> {
  const context = await readFlowContext(lake, config, options.window, ok(policy));
  if (!context.ok) return context;
  const judge = createEdgeJudge(policy.policy, nowMs, context.value.localOrigins);
  const set = await lake.judgeableEdges(context.value.query, judge.hangsOnAddresses);
  const { service } = options;
  const report = replayEdges({
    edges: service === null ? set.edges : set.edges.filter(({ principal }) => principal === service),
    policy: policy.policy,
    judge,
    rules: listRules(policy.tree).filter(({ document }) => service === null || document === service),
    coverage: createCoverage(lake.sources(), set),
    ownerOf: ownerFinder(context.value),
  });
  return ok({ kind: 'replay', report });
}

async function compareTwo(task: ReplayTask, against: CompiledFolder): Promise<Result<Replayed>> {
  const { lake, config, options, policy, nowMs } = task;
  const now = await readFlowContext(lake, config, options.window, ok(policy));
  if (!now.ok) return now;
  const before = await readFlowContext(lake, config, options.window, ok(against));
  if (!before.ok) return before;
  const { who, principalsOf } = pairPrincipals(now.value.query.who, before.value.query.who);
  const { localOrigins } = now.value;
  const judges = {
    now: createEdgeJudge(policy.policy, nowMs, localOrigins),
    before: createEdgeJudge(against.policy, nowMs, localOrigins),
  };
  const set = await lake.judgeableEdges({ ...now.value.query, who }, (edge) => {
    const pair = principalsOf(edge.principal);
    return (
      judges.now.hangsOnAddresses(withPrincipal(edge, pair.now)) ||
      judges.before.hangsOnAddresses(withPrincipal(edge, pair.before))
    );
  });
  const isWanted = (principal: string): boolean => {
    const pair = principalsOf(principal);
    return options.service === null || pair.now === options.service || pair.before === options.service;
  };
  const comparison = compareOnEdges({
    edges: set.edges.filter(({ principal }) => isWanted(principal)),
    now: { policy: policy.policy, judge: judges.now },
    before: { policy: against.policy, judge: judges.before },
    principalsOf,
    coverage: createCoverage(lake.sources(), set),
    ownerOf: eitherOwner(now.value, before.value),
  });
  return ok({ kind: 'comparison', comparison });
}

function eitherOwner(now: FlowContext, before: FlowContext): (principal: string) => string | null {
  const [first, second] = [ownerFinder(now), ownerFinder(before)];
  return (principal) => first(principal) ?? second(principal);
}
