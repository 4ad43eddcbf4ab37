import { capWindowMs, openSpanOf, openTimeOf } from '../lifecycle/caps.ts';
import type { ExceptionState } from '../lifecycle/exception-state.ts';
import { endOf } from '../lifecycle/status.ts';
import type { AccessWorld } from '../people/authorise.ts';
import { type LinkedPeople, linkPeople } from '../people/linked-people.ts';
import { type GroupUse, groupUses } from './group-uses.ts';

/**
 * What points counted of one grant. `sinceMs` is from when they counted at all: without it, nothing used says nothing. `nearMisses` are
 * denials just outside its scope. Times are epoch milliseconds.
 */
export interface GrantUsage {
  readonly grantId: string;
  readonly sinceMs: number;
  readonly connections: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly firstUsedMs: number | null;
  readonly lastUsedMs: number | null;
  readonly minutesUsed: number;
  readonly nearMisses: number;
}

/** What is notable about how a grant is used: a closed set. */
export type UsageFinding =
  | 'unused'
  | 'extended'
  | 'repeated'
  | 'nearly_permanent'
  | 'same_pair'
  | 'approved_at_once'
  | 'cap_reached';

/** The use of one grant. `openMs` is how long its group stood open within the last 90 days. */
export interface UsageReport {
  readonly id: string;
  readonly used: boolean | null;
  readonly usage: GrantUsage | null;
  /** Minutes with a connection, of the minutes that it stood open. */
  readonly minutesUsed: number | null;
  readonly minutesOpen: number;
  readonly approvalMs: number | null;
  readonly extensions: number;
  readonly repeats: number;
  readonly openMs: number;
  readonly findings: readonly UsageFinding[];
  /** A sentence where the group is nearly permanent: `open 61 of the last 90 days: make it a rule`. */
  readonly advice: string | null;
}

/** Repeats that show a habit, the share of 90 days that shows a rule, and approvals that nobody can have read. */
const habitRepeats = 3;
const nearlyPermanentShare = 2 / 3;
const atOnceMs = 60_000;
const samePairCount = 3;
const dayMs = 86_400_000;

/**
 * Reports every grant of `states`; counts look at all of them, so give those of the last 90 days. `directory` says who is linked to whom now:
 * repeats and open time count by group as caps do, and pairs by linked people.
 */
export function reportUsage(
  states: readonly ExceptionState[],
  rows: ReadonlyMap<string, GrantUsage>,
  { directory, nowMs }: AccessWorld,
): readonly UsageReport[] {
  const known = indexStates(states, linkPeople(directory, nowMs), nowMs);
  return states
    .filter(({ grant }) => grant !== null)
    .map((state) => reportOne(state, rows.get(state.id) ?? null, known, nowMs));
}

interface Known {
  readonly groupUseOf: (state: ExceptionState) => GroupUse;
  readonly pairsOf: (state: ExceptionState) => readonly string[];
  readonly byId: ReadonlyMap<string, ExceptionState>;
  readonly pairs: ReadonlyMap<string, number>;
}

function indexStates(states: readonly ExceptionState[], links: LinkedPeople, nowMs: number): Known {
  const recent = states.filter((state) => state.grant !== null && (endOf(state) ?? 0) > nowMs - capWindowMs);
  const pairsOf = (state: ExceptionState): readonly string[] => pairsOfLinked(state, links);
  const pairs = new Map<string, number>();
  for (const pair of recent.flatMap(pairsOf)) pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  return {
    groupUseOf: groupUses(recent, links, nowMs),
    pairsOf,
    byId: new Map(states.map((state) => [state.id, state])),
    pairs,
  };
}

function reportOne(state: ExceptionState, usage: GrantUsage | null, known: Known, nowMs: number): UsageReport {
  const { repeats, openMs } = known.groupUseOf(state);
  const own = openSpanOf(state);
  const minutesOpen = own === null ? 0 : openTimeOf([own], { fromMs: own.fromMs, untilMs: nowMs }) / 60_000;
  const report = {
    id: state.id,
    used: isUsed(state, usage),
    usage,
    minutesUsed: usage?.minutesUsed ?? null,
    minutesOpen,
    approvalMs: approvalTimeOf(state),
    extensions: countExtensions(state, known.byId),
    repeats,
    openMs,
  };
  const days = Math.floor(openMs / dayMs);
  const isPermanent = openMs >= nearlyPermanentShare * capWindowMs;
  return {
    ...report,
    findings: findFindings(state, { ...report, isPermanent, known }, nowMs),
    advice: isPermanent ? `open ${days} of the last 90 days: make it a rule` : null,
  };
}

type Facts = Omit<UsageReport, 'findings' | 'advice'> & {
  readonly isPermanent: boolean;
  readonly known: Known;
};

function findFindings(state: ExceptionState, facts: Facts, nowMs: number): readonly UsageFinding[] {
  const isOver = nowMs >= (endOf(state) ?? nowMs + 1);
  const rows: readonly (readonly [UsageFinding, boolean])[] = [
    ['unused', isOver && facts.used === false],
    ['extended', facts.extensions > 0],
    ['repeated', facts.repeats >= habitRepeats],
    ['nearly_permanent', facts.isPermanent],
    ['same_pair', hasHabitualPair(state, facts.known)],
    ['approved_at_once', facts.approvalMs !== null && facts.approvalMs < atOnceMs],
    ['cap_reached', hasReachedCap(state, facts.usage)],
  ];
  return rows.filter(([, holds]) => holds).map(([finding]) => finding);
}

/** Null where nobody counted from its start on: then nothing seen is no proof that nothing was. */
function isUsed({ grant }: ExceptionState, usage: GrantUsage | null): boolean | null {
  if (usage === null || grant === null) return null;
  if (usage.connections > 0) return true;
  return usage.sinceMs <= grant.notBeforeMs ? false : null;
}

function hasReachedCap({ grant }: ExceptionState, usage: GrantUsage | null): boolean {
  if (grant === null || usage === null) return false;
  const { bytesUp, bytesDown } = grant.spec;
  return (bytesUp !== null && usage.bytesUp >= bytesUp) || (bytesDown !== null && usage.bytesDown >= bytesDown);
}

/** From the request to the grant; null for break-glass, which nobody approves. */
function approvalTimeOf({ kind, grant, requestedAtMs }: ExceptionState): number | null {
  return kind === 'break-glass' || grant === null ? null : grant.atMs - requestedAtMs;
}

/** How many exceptions stand before it in its line. A line is never a ring: an id is fresh. */
function countExtensions(state: ExceptionState, byId: Known['byId']): number {
  let count = 0;
  for (let parent = state.spec.extends; parent !== null && count <= byId.size; count += 1)
    parent = byId.get(parent)?.spec.extends ?? null;
  return count;
}

function hasHabitualPair(state: ExceptionState, { pairs, pairsOf }: Known): boolean {
  return pairsOf(state).some((pair) => (pairs.get(pair) ?? 0) >= samePairCount);
}

/** Who asked with who approved. INVARIANT: people who are linked count as one, so that a second account is no second pair. */
function pairsOfLinked({ requester, grant }: ExceptionState, links: LinkedPeople): readonly string[] {
  const asked = links.componentOf(requester);
  const approvers = (grant?.approvers ?? []).map((approver) => links.componentOf(approver));
  return [...new Set(approvers)].map((approver) => `${asked} ${approver}`);
}
