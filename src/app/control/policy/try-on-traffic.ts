import type { DraftMapAnswer, DraftRule } from '../../../api/contract/index.ts';
import { ok, type Result } from '../../../base/index.ts';
import {
  type ComparedEdge,
  compareEdge,
  createDecisionFold,
  createEdgeJudge,
  type DecisionFold,
  type EdgeJudgement,
  principalsOfDecisions,
  type RecordedEnd,
} from '../../../flowmap/index.ts';
import {
  countUnjudged,
  drawRiver,
  missingOf,
  type PolicySays,
  type RowReplay,
  sumOutcomes,
  type TrafficRow,
  type TriedRow,
  tryRow,
  type UnjudgedEdges,
} from '../../../flowmap/traffic/index.ts';
import { listRules, listWaysOut, noFacts, openGrants, type PolicyTree } from '../../../policy/index.ts';
import { mostWaysOut, notesOn, toFacts, toFlowMap } from '../traffic/river-answer.ts';
import { loadedPair, type ReadFiles } from './check-proposal.ts';
import type { ProposalHouse, ProposedFiles, TrafficToTry } from './proposal-messages.ts';
import { type LoadedPair, readBack } from './replay-decisions.ts';

/**
 * Makes what tries drafts on traffic: each way that was counted is judged by the policy in force and by the draft, with the addresses and the
 * sources that its records tell, and drawn by what becomes of it.
 */
export function createTrafficTrial(
  house: ProposalHouse,
  read: ReadFiles,
): (draft: ProposedFiles, traffic: TrafficToTry, nowMs: number) => Promise<Result<DraftMapAnswer>> {
  return async (draft, traffic, nowMs) => {
    const found = read(draft, nowMs);
    if (!found.ok) return found;
    const { head } = found.value;
    const pair = loadedPair(found.value);
    if (pair === null) {
      return ok({ ...head, outcomes: null, map: null, rules: { today: [], draft: [] }, services: [] });
    }
    return ok({ ...head, ...(await tryOnTraffic(house, pair, { traffic, nowMs, policyVersion: head.policyVersion })) });
  };
}

interface Asked {
  readonly traffic: TrafficToTry;
  readonly nowMs: number;
  readonly policyVersion: string;
}

async function tryOnTraffic(
  house: ProposalHouse,
  pair: LoadedPair,
  { traffic, nowMs, policyVersion }: Asked,
): Promise<Pick<DraftMapAnswer, 'outcomes' | 'map' | 'rules' | 'services'>> {
  const { query, sinceMs, granted } = traffic;
  const { rows, ...span } = traffic.span;
  const fold = createDecisionFold();
  await readBack(house.spool, fold, span.sinceMs);
  const { replay, counts } = createRowReplay(house, pair, { traffic, nowMs, fold });
  // Bytes that were counted before their verdict was taken back leave nothing behind.
  const tried = rows.filter(hasPassedAnything).map((row): TriedRow => tryRow(row, replay(row)));
  const ways = listWaysOut(pair.before.tree, mostWaysOut);
  const map = toFlowMap(drawRiver(tried, toFacts(ways, granted), query), {
    ...{ span, policyVersion },
    notes: [
      ...notesOnTrial(countUnjudged(tried, query.service), counts.unrecorded),
      ...notesOn(span, sinceMs, ok(ways)),
    ],
  });
  const today = map.paths.flatMap((path) => path.today?.ruleIds ?? []);
  const draft = map.paths.flatMap((path) => path.draft?.ruleIds ?? []);
  return {
    outcomes: sumOutcomes(tried, query.service),
    map,
    rules: { today: rulesIn(pair.before.tree, today), draft: rulesIn(pair.now.tree, draft) },
    services: placesIn(pair.now.tree, new Set(map.paths.map(({ service }) => service))),
  };
}

function hasPassedAnything({ connections, bytesUp, bytesDown }: TrafficRow): boolean {
  return connections > 0 || bytesUp + bytesDown > 0;
}

interface Judging {
  readonly traffic: TrafficToTry;
  readonly nowMs: number;
  readonly fold: DecisionFold;
}

/** Replays rows, those that ask the same once; null where one says too little. `unrecorded`: judged by their name alone. */
interface RowReplayer {
  readonly replay: (row: TrafficRow) => RowReplay | null;
  readonly counts: { readonly unrecorded: number };
}

function createRowReplay(
  { localOrigins }: ProposalHouse,
  { now, before }: LoadedPair,
  { traffic, nowMs, fold }: Judging,
): RowReplayer {
  const facts = { ...noFacts, grants: openGrants(traffic.grants, traffic.ended) };
  const parts = {
    now: { policy: now.policy, judge: createEdgeJudge(now.policy, nowMs, localOrigins, facts) },
    before: { policy: before.policy, judge: createEdgeJudge(before.policy, nowMs, localOrigins, facts) },
    principalsOf: principalsOfDecisions(now.policy, before.policy),
  };
  // The replay asks with the strongest identity of a service: what is granted to one of them is not told by it.
  const narrow = new Set(traffic.grants.flatMap(({ id, identity }) => (identity === null ? [] : [id])));
  const known = new Map<string, RowReplay>();
  const counts = { unrecorded: 0 };
  const judge = (row: TrafficRow, end: RecordedEnd): RowReplay => {
    const { edge, isRecorded } = fold.edgeOf(end);
    // A question of the DNS filter leads to no address.
    if (!isRecorded && row.point !== 'dns') counts.unrecorded += 1;
    // How often is told by the row; what was refused never passed, and only that matters to the replay.
    const passed = row.verdict === 'deny' ? { connections: 0, denied: 1 } : { connections: 1, denied: 0 };
    return toReplay(compareEdge({ ...edge, ...passed }, parts));
  };
  return {
    counts,
    replay: (row) => {
      if (missingOf(row) !== null) return null;
      const end = endOf(row);
      const key = [...Object.values(end), row.point === 'dns', row.verdict === 'deny'].join('\n');
      const replayed = known.get(key) ?? judge(row, end);
      known.set(key, replayed);
      return row.grantId !== null && narrow.has(row.grantId) ? { ...replayed, change: 'unclear' } : replayed;
    },
  };
}

function endOf({ service, identity, host, port, protocol }: TrafficRow): RecordedEnd {
  return { service, identity, host, port, protocol: protocols.find((each) => each === protocol) ?? null };
}

function toReplay({ change, now, before }: ComparedEdge): RowReplay {
  return {
    change: isSure(now) && isSure(before) ? change : 'unclear',
    isLetOut: now.verdict === 'allow',
    today: saysOf(before),
    draft: saysOf(now),
  };
}

const protocols = ['tls', 'http', 'tcp', 'udp'] as const;

function isSure({ verdict }: EdgeJudgement): boolean {
  return verdict === 'allow' || verdict === 'deny';
}

function saysOf({ reason, ruleIds }: EdgeJudgement): PolicySays {
  return { reasons: reason === null ? [] : [reason], ruleIds };
}

function notesOnTrial(unjudged: UnjudgedEdges, unrecorded: number): readonly string[] {
  const why = [
    [unjudged.noName, 'without a name'],
    [unjudged.noService, 'of nobody who is proven'],
    [unjudged.together, 'counted together'],
    [unjudged.unclear, 'that may be either'],
  ] as const;
  const told = why.filter(([count]) => count > 0).map(([count, words]) => `${sayEdges(count)} ${words}`);
  return [
    ...(told.length === 0 ? [] : [`not judged: ${told.join(', ')}`]),
    ...(unrecorded === 0
      ? []
      : [
          `judged by name alone: ${sayEdges(unrecorded)} whose records, which tell addresses, are not looked at any more`,
        ]),
  ];
}

function sayEdges(count: number): string {
  return `${count} ${count === 1 ? 'edge' : 'edges'}`;
}

function rulesIn(tree: PolicyTree, ids: readonly string[]): readonly DraftRule[] {
  const named = new Set(ids);
  if (named.size === 0) return [];
  return listRules(tree)
    .filter(({ id }) => named.has(id))
    .map(({ id, list, owner, reason, at: { file, line } }) => ({ id, list, owner, reason, file, line }));
}

function placesIn(tree: PolicyTree, names: ReadonlySet<string>): DraftMapAnswer['services'] {
  return tree.documents.flatMap((one) =>
    one.kind === 'service' && names.has(one.name) ? [{ name: one.name, file: one.at.file, line: one.at.line }] : [],
  );
}
