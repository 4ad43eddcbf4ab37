import type { DraftMapAnswer, DraftRule } from '../../../api/contract/index.ts';
import { ok, type Result } from '../../../base/index.ts';
import {
  compareEdge,
  createDecisionFold,
  createEdgeJudge,
  type DecisionFold,
  type EdgeJudgement,
  principalsOfDecisions,
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
import { mostWaysOut, notesOn, sayMinute, toFacts, toFlowMap } from '../traffic/river-answer.ts';
import { loadedPair, type ReadFiles } from './check-proposal.ts';
import type { ProposalHouse, ProposedFiles, TrafficToTry } from './proposal-messages.ts';
import { type LoadedPair, type RecordsReach, readBack } from './replay-decisions.ts';

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
  const reach = await readBack(house.spool, fold, span.sinceMs);
  const replay = createRowReplay(house, pair, { traffic, nowMs, fold });
  // Bytes that were counted before their verdict was taken back leave nothing behind.
  const tried = rows.filter(hasPassedAnything).map((row): TriedRow => tryRow(row, replay(row)));
  const ways = listWaysOut(pair.before.tree, mostWaysOut);
  const map = toFlowMap(drawRiver(tried, toFacts(ways, granted), query), {
    ...{ span, policyVersion },
    notes: [
      ...notesOnTrial(countUnjudged(tried, query.service), reach, span.sinceMs),
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

/** Replays a row; null where it says too little. Rows that ask the same are judged once. */
function createRowReplay(
  { localOrigins }: ProposalHouse,
  { now, before }: LoadedPair,
  { traffic, nowMs, fold }: Judging,
): (row: TrafficRow) => RowReplay | null {
  const facts = { ...noFacts, grants: openGrants(traffic.grants, traffic.ended) };
  const parts = {
    now: { policy: now.policy, judge: createEdgeJudge(now.policy, nowMs, localOrigins, facts) },
    before: { policy: before.policy, judge: createEdgeJudge(before.policy, nowMs, localOrigins, facts) },
    principalsOf: principalsOfDecisions(now.policy, before.policy),
  };
  const known = new Map<string, RowReplay>();
  return (row) => {
    if (missingOf(row) !== null) return null;
    const { service, identity, host, port, verdict } = row;
    const protocol = protocols.find((each) => each === row.protocol) ?? null;
    const isDenied = verdict === 'deny';
    const key = [service, identity, host, port, protocol, isDenied].join('\n');
    const replayed = known.get(key);
    if (replayed !== undefined) return replayed;
    const edge = fold.edgeOf({ service, identity, host, port, protocol });
    // How often is told by the row; what was refused never passed, and only that matters to the replay.
    const compared = compareEdge({ ...edge, connections: isDenied ? 0 : 1, denied: isDenied ? 1 : 0 }, parts);
    const replay: RowReplay = {
      change: isSure(compared.now) && isSure(compared.before) ? compared.change : 'unclear',
      isLetOut: compared.now.verdict === 'allow',
      today: saysOf(compared.before),
      draft: saysOf(compared.now),
    };
    known.set(key, replay);
    return replay;
  };
}

const protocols = ['tls', 'http', 'tcp', 'udp'] as const;

function isSure({ verdict }: EdgeJudgement): boolean {
  return verdict === 'allow' || verdict === 'deny';
}

function saysOf({ reason, ruleIds }: EdgeJudgement): PolicySays {
  return { reasons: reason === null ? [] : [reason], ruleIds };
}

function notesOnTrial(unjudged: UnjudgedEdges, reach: RecordsReach, sinceMs: number): readonly string[] {
  const why = [
    [unjudged.noName, 'without a name'],
    [unjudged.noService, 'of nobody who is proven'],
    [unjudged.together, 'counted together'],
    [unjudged.unclear, 'that may be either'],
  ] as const;
  const told = why
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${count === 1 ? 'edge' : 'edges'} ${words}`);
  return [...(told.length === 0 ? [] : [`not judged: ${told.join(', ')}`]), ...noteOnReach(reach, sinceMs)];
}

function noteOnReach({ reach, from }: RecordsReach, sinceMs: number): readonly string[] {
  const fromMs = from === null ? null : Date.parse(from);
  if (reach === 'whole' || (fromMs !== null && fromMs <= sinceMs)) return [];
  const since =
    fromMs === null ? 'no record of this time is kept any more' : `records are looked at from ${sayMinute(fromMs)} on`;
  return [`${since}: what nothing else is known of is judged by its name, without the addresses that it led to`];
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
