import type { ReplayAnswer, ReplayRow } from '../../../api/contract/index.ts';
import {
  compareOnEdges,
  createCoverage,
  createDecisionFold,
  createEdgeJudge,
  type DecisionFold,
  principalsOfDecisions,
  type ReplayGroup,
} from '../../../flowmap/index.ts';
import type { CompiledPolicy, PolicyTree } from '../../../policy/index.ts';
import { searchSpool } from '../../../spool/index.ts';
import type { ProposalHouse } from './proposal-messages.ts';

/** A policy that loads. */
interface LoadedPolicy {
  readonly tree: PolicyTree;
  readonly policy: CompiledPolicy;
}

/** What is tried, and beside what. */
export interface LoadedPair {
  readonly now: LoadedPolicy;
  readonly before: LoadedPolicy;
}

const dayMs = 86_400_000;
// About a second of reading and parsing on one core; what is cut off is told.
const mostBytes = 256 * 1024 * 1024;
const mostMs = 4_000;
const mostRows = 100;
// Counted denials are written when their window ends, up to a minute late.
const orderSlackMs = 120_000;

/** Judges the recorded decisions of the last days by the policy that is proposed and by the one that is in force. */
export async function replayDecisions(
  house: Pick<ProposalHouse, 'spool' | 'localOrigins'>,
  { now, before }: LoadedPair,
  { days, nowMs }: { readonly days: number; readonly nowMs: number },
): Promise<ReplayAnswer> {
  const wantedMs = nowMs - days * dayMs;
  const fold = createDecisionFold();
  const reach = await readBack(house.spool, fold, wantedMs);
  const edges = fold.edges();
  const owners = new Map(
    [before, now].flatMap(({ tree }) =>
      tree.documents.flatMap((one) => (one.kind === 'service' ? [[one.name, one.owner] as const] : [])),
    ),
  );
  const { groups } = compareOnEdges({
    edges,
    now: { policy: now.policy, judge: createEdgeJudge(now.policy, nowMs, house.localOrigins) },
    before: { policy: before.policy, judge: createEdgeJudge(before.policy, nowMs, house.localOrigins) },
    principalsOf: principalsOfDecisions(now.policy, before.policy),
    coverage: createCoverage([], { edges: [], shares: [], leftOut: [] }),
    ownerOf: (service) => owners.get(service) ?? null,
  });
  return {
    ...reach,
    wantedFrom: new Date(wantedMs).toISOString(),
    judged: fold.counts.judged,
    leftOut: fold.counts.leftOut,
    newlyDenied: busiest(groups.newly_denied),
    newlyDeniedCount: groups.newly_denied.length,
    newlyAllowed: busiest(groups.newly_allowed),
    newlyAllowedCount: groups.newly_allowed.length,
  };
}

/** Folds the recorded decisions since an instant (epoch milliseconds), the newest first, as far as one answer looks. */
export async function readBack(
  folder: string,
  fold: DecisionFold,
  wantedMs: number,
): Promise<Pick<ReplayAnswer, 'from' | 'until' | 'reach'>> {
  const begun = performance.now();
  let [from, until]: (string | null)[] = [null, null];
  let isThere = false;
  const rest = await searchSpool(folder, {
    before: null,
    mostBytes,
    isLikely: (line) => line.includes('"kind":"verdict"'),
    take: (record) => {
      if (record.kind !== 'verdict') return true;
      const atMs = Date.parse(record.time);
      isThere = atMs < wantedMs - orderSlackMs;
      if (isThere) return false;
      if (atMs < wantedMs) return true;
      fold.add(record);
      until ??= record.time;
      from = record.time;
      return performance.now() - begun < mostMs;
    },
  });
  return { from: from ?? null, until: until ?? null, reach: isThere ? 'whole' : rest === null ? 'kept' : 'cut' };
}

function busiest(groups: readonly ReplayGroup[]): readonly ReplayRow[] {
  return groups
    .toSorted((one, other) => other.connections + other.denied - one.connections - one.denied)
    .slice(0, mostRows)
    .map(({ service, owner, destination, ports, connections, denied, firstMs, lastMs, reasons, ruleIds }) => ({
      ...{ service, owner, destination, ports, connections, denied, reasons, ruleIds },
      firstSeen: new Date(firstMs).toISOString(),
      lastSeen: new Date(lastMs).toISOString(),
    }));
}
