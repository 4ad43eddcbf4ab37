import { coarser, edgeToKey, type TrafficRow, together } from './traffic-edge.ts';

/**
 * What becomes of traffic under a draft, beside the policy in force: `newly_denied` breaks, `newly_allowed` opens, `still_allowed` and
 * `still_denied` stay as the policy in force has them; `not_judged` says too little of who or where.
 */
export const draftOutcomes = ['newly_denied', 'newly_allowed', 'still_allowed', 'still_denied', 'not_judged'] as const;

/** One of {@link draftOutcomes}. */
export type DraftOutcome = (typeof draftOutcomes)[number];

/** What is told first: what changes, in the order of {@link draftOutcomes}; all else alike. */
export function rankOf(outcome: DraftOutcome | undefined): number {
  return outcome === 'newly_denied' ? 0 : outcome === 'newly_allowed' ? 1 : 2;
}

/** What one policy says of traffic: why, and by which rules (those of a deny, or every allow's). */
export interface PolicySays {
  readonly reasons: readonly string[];
  readonly ruleIds: readonly string[];
}

/** What a replay says of one row: how it stands from the policy in force to the draft, and whether the draft lets it out. */
export interface RowReplay {
  readonly change: 'newly_denied' | 'newly_allowed' | 'unclear' | 'unchanged';
  readonly isLetOut: boolean;
  readonly today: PolicySays;
  readonly draft: PolicySays;
}

/** A row with what the draft comes to for it. */
export interface TriedRow extends TrafficRow {
  readonly tried: RowTrial;
}

/** A row that is drawn; `tried` where a draft is tried on it. */
export type RiverRow = TrafficRow & { readonly tried?: RowTrial };

/** What a draft comes to for a row. */
export interface RowTrial {
  readonly outcome: DraftOutcome;
  readonly today: PolicySays;
  readonly draft: PolicySays;
}

const unsaid: PolicySays = { reasons: [], ruleIds: [] };
/** What nothing can be said of. */
const untried: RowTrial = { outcome: 'not_judged', today: unsaid, draft: unsaid };

// Refusals that rules and grants make: where they let it out by now, such a connection would go out. Any other refusal (first bytes, addresses,
// a revoked identity) is no rule's, and no rule takes it back.
const ofRules: ReadonlySet<string> = new Set([
  ...['no_rule_matched', 'rule_denied', 'boundary_denied'],
  ...['grant_expired', 'grant_revoked', 'grant_suspended'],
]);

/** Joins a row with its replay; null where it could not be replayed. */
export function tryRow(row: TrafficRow, replay: RowReplay | null): TriedRow {
  if (replay === null) return { ...row, tried: untried };
  const { today, draft } = replay;
  return { ...row, tried: { outcome: outcomeOf(row, replay), today, draft } };
}

function outcomeOf({ verdict, reason }: TrafficRow, { change, isLetOut }: RowReplay): DraftOutcome {
  if (change === 'unclear') return 'not_judged';
  if (change !== 'unchanged') return change;
  const staysOut = verdict === 'deny' && !ofRules.has(reason);
  return isLetOut && !staysOut ? 'still_allowed' : 'still_denied';
}

/** How much comes to one outcome. An edge is a service and a destination with its port. */
export interface DraftSum {
  readonly edges: number;
  readonly services: number;
  readonly connections: number;
  readonly bytes: number;
}

/** Sums tried rows up by outcome; of one service, or of all (null). */
export function sumOutcomes(
  rows: readonly TriedRow[],
  service: string | null,
): Readonly<Record<DraftOutcome, DraftSum>> {
  const sums = new Map(draftOutcomes.map((outcome) => [outcome, new OutcomeSum()]));
  for (const row of rows) {
    if (service === null || row.service === service) sums.get(row.tried.outcome)?.add(row);
  }
  return Object.fromEntries([...sums].map(([outcome, sum]) => [outcome, sum.told()])) as Record<DraftOutcome, DraftSum>;
}

class OutcomeSum {
  readonly #edges = new Set<string>();
  readonly #services = new Set<string>();
  #connections = 0;
  #bytes = 0;

  add(row: TrafficRow): void {
    const { service, connections, bytesUp, bytesDown } = row;
    this.#edges.add(edgeOf(row));
    this.#services.add(service);
    this.#connections += connections;
    this.#bytes += bytesUp + bytesDown;
  }

  told(): DraftSum {
    const [edges, services] = [this.#edges.size, this.#services.size];
    return { edges, services, connections: this.#connections, bytes: this.#bytes };
  }
}

/** Why edges are not judged, with how many of each. `together`: those that were counted together, or had no place among those that are judged. */
export interface UnjudgedEdges {
  readonly noService: number;
  readonly noName: number;
  readonly together: number;
  /** Judged, and neither let out nor denied for sure. */
  readonly unclear: number;
}

/** What a row lacks to be replayed; null for nothing. */
export function missingOf({
  service,
  host,
}: Pick<TrafficRow, 'service' | 'host'>): 'noService' | 'noName' | 'together' | null {
  if (host === together) return 'together';
  if (service === '') return 'noService';
  return host === '' ? 'noName' : null;
}

/** Counts the edges that are not judged by what they lack; of one service, or of all (null). */
export function countUnjudged(rows: readonly TriedRow[], service: string | null): UnjudgedEdges {
  const edges = {
    noService: new Set<string>(),
    noName: new Set<string>(),
    together: new Set<string>(),
    unclear: new Set<string>(),
  };
  for (const row of rows) {
    if (row.tried.outcome !== 'not_judged' || (service !== null && row.service !== service)) continue;
    edges[missingOf(row) ?? 'unclear'].add(edgeOf(row));
  }
  const { noService, noName, together: several, unclear } = edges;
  return { noService: noService.size, noName: noName.size, together: several.size, unclear: unclear.size };
}

function edgeOf({ service, host, port }: TrafficRow): string {
  return `${service}\n${host}\n${port}`;
}

/**
 * Rows that are few enough to be judged one by one: the heaviest as they are, the others told as those are that a day has no place for. No
 * connection and no byte is lost by it.
 */
export function boundRows(rows: readonly TrafficRow[], most: number): readonly TrafficRow[] {
  if (rows.length <= most) return rows;
  const sorted = rows.toSorted((one, other) => other.connections - one.connections);
  const rest = new Map<string, TrafficRow>();
  for (const row of sorted.slice(most)) {
    const { connections, bytesUp, bytesDown, lastMs, ...edge } = row;
    const coarse = coarser(edge) ?? edge;
    const key = edgeToKey(coarse);
    const known = rest.get(key) ?? { ...coarse, connections: 0, bytesUp: 0, bytesDown: 0, lastMs: 0 };
    rest.set(key, {
      ...known,
      connections: known.connections + connections,
      bytesUp: known.bytesUp + bytesUp,
      bytesDown: known.bytesDown + bytesDown,
      lastMs: Math.max(known.lastMs, lastMs),
    });
  }
  return [...sorted.slice(0, most), ...rest.values()];
}
