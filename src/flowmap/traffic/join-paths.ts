import { type DraftOutcome, type PolicySays, type RiverRow, type RowTrial, rankOf } from './draft-outcome.ts';
import { addTo, compareTexts, type GrowingSum, startSum, takeByTier, weightOf } from './heaviest.ts';
import type { Joined } from './join-links.ts';
import { destinationOf, hostOfRow } from './name-ends.ts';
import type { RiverPath, RiverQuery } from './river.ts';

// Of one path; who wants all follows it to its decisions.
const mostNamed = 5;

/** Ways through all columns, the heaviest first, and how many are left out. */
export interface JoinedPaths {
  readonly paths: readonly RiverPath[];
  readonly hiddenPaths: number;
}

/**
 * Joins rows to ways through all columns, by verdict and by what becomes of it under a draft; at most `most` of them. First all are added up, then what else there is to say is
 * gathered for those that are told: of ten thousand ways, five hundred are.
 */
export function joinPaths(joined: Joined, most: number, query: Pick<RiverQuery, 'to'>): JoinedPaths {
  const { ways, ofRow } = sumWays(joined, query);
  const heaviest = takeByTier(ways, most, {
    tierOf: ({ row }) => rankOf(row.tried?.outcome),
    weightOf: (way) => weightOf(way, joined.measure),
    compare: (one, other) => other.connections - one.connections || compareWays(one, other),
  });
  const told = new Map(heaviest.map((way) => [way, gather(way)]));
  for (const [at, row] of joined.rows.entries()) {
    const way = ways[ofRow[at] ?? 0];
    const gathered = way === undefined ? undefined : told.get(way);
    if (gathered !== undefined) note(gathered, row);
  }
  const paths = [...told].map(([way, gathered]) => toPath(way, gathered, joined));
  return { paths, hiddenPaths: ways.length - paths.length };
}

/** One way: its sum, its labels, and the first of its rows. */
interface Way extends GrowingSum {
  readonly row: RiverRow;
  readonly at: number;
  readonly from: string;
  readonly service: string;
  readonly point: string;
  readonly to: string;
}

interface SummedWays {
  readonly ways: readonly Way[];
  /** The way that each row went. */
  readonly ofRow: Int32Array;
}

function sumWays({ rows, columns }: Joined, query: Pick<RiverQuery, 'to'>): SummedWays {
  const [who, services, points, places] = columns.map(({ ofRow, labels }) => ({ ofRow, labels }));
  const ways: Way[] = [];
  const known = new Map<string, number>();
  const ofRow = new Int32Array(rows.length);
  for (const [at, row] of rows.entries()) {
    const [a = 0, b = 0, c = 0] = [who?.ofRow[at], services?.ofRow[at], points?.ofRow[at]];
    const to = destinationOf(row, places?.labels[places.ofRow[at] ?? 0] ?? '', query);
    // What the network named stands at the end, so it cannot look like another number.
    const key = `${a} ${b} ${c} ${row.verdict} ${row.tried?.outcome ?? ''} ${to}`;
    const place = known.get(key) ?? ways.length;
    if (place === ways.length) {
      known.set(key, place);
      const labels = { from: who?.labels[a] ?? '', service: services?.labels[b] ?? '', point: points?.labels[c] ?? '' };
      ways.push({ ...startSum(), row, at, ...labels, to });
    }
    ofRow[at] = place;
    const way = ways[place];
    if (way !== undefined) addTo(way, row);
  }
  return { ways, ofRow };
}

function compareWays(one: Way, other: Way): number {
  return (
    compareTexts(one.from, other.from) ||
    compareTexts(one.service, other.service) ||
    compareTexts(one.point, other.point) ||
    compareTexts(one.to, other.to) ||
    compareTexts(one.row.verdict, other.row.verdict) ||
    compareTexts(one.row.tried?.outcome ?? '', other.row.tried?.outcome ?? '')
  );
}

interface Gathered {
  host: string | null;
  lastMs: number;
  readonly reasons: Set<string>;
  readonly ruleIds: Set<string>;
  readonly grantIds: Set<string>;
  readonly tried: Tried | null;
}

/** What two policies say of the rows of a way. */
interface Tried {
  readonly outcome: DraftOutcome;
  readonly today: Said;
  readonly draft: Said;
}

/** What a policy says of the rows of a way. */
interface Said {
  readonly reasons: Set<string>;
  readonly ruleIds: Set<string>;
}

function gather({ row }: Way): Gathered {
  const said = (): Said => ({ reasons: new Set(), ruleIds: new Set() });
  const { tried } = row;
  const trial = tried === undefined ? null : { outcome: tried.outcome, today: said(), draft: said() };
  return { host: hostOfRow(row), lastMs: 0, ...said(), grantIds: new Set(), tried: trial };
}

function note(gathered: Gathered, row: RiverRow): void {
  gathered.lastMs = Math.max(gathered.lastMs, row.lastMs);
  if (gathered.host !== hostOfRow(row)) gathered.host = null;
  if (row.reason !== '') gathered.reasons.add(row.reason);
  for (const id of row.ruleIds) gathered.ruleIds.add(id);
  if (row.grantId !== null) gathered.grantIds.add(row.grantId);
  if (gathered.tried !== null && row.tried !== undefined) noteTrial(gathered.tried, row.tried);
}

function noteTrial(tried: Tried, by: RowTrial): void {
  for (const policy of ['today', 'draft'] as const) {
    for (const reason of by[policy].reasons) tried[policy].reasons.add(reason);
    for (const id of by[policy].ruleIds) tried[policy].ruleIds.add(id);
  }
}

function toPath(way: Way, { host, lastMs, tried, ...named }: Gathered, { columns, ranked }: Joined): RiverPath {
  const { from, service, point, to, connections, bytesUp, bytesDown, at, row } = way;
  const few = (ids: Set<string>): readonly string[] => [...ids].sort().slice(0, mostNamed);
  const saidBy = (by: Said): PolicySays => ({ reasons: few(by.reasons), ruleIds: few(by.ruleIds) });
  return {
    ...{ from, service, point, to, host, verdict: row.verdict, lastMs, connections, bytesUp, bytesDown },
    reasons: few(named.reasons),
    ruleIds: few(named.ruleIds),
    grantIds: few(named.grantIds),
    nodes: ranked.map(({ nodes, nodeOf }, layer) => nodes[nodeOf[columns[layer]?.ofRow[at] ?? 0] ?? 0]?.id ?? ''),
    ...(tried === null ? {} : { outcome: tried.outcome, today: saidBy(tried.today), draft: saidBy(tried.draft) }),
  };
}
