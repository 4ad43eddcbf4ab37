import { draftOutcomes, type RiverRow, rankOf } from './draft-outcome.ts';
import { addTo, compareTexts, type GrowingSum, startSum, takeByTier, weightOf } from './heaviest.ts';
import type { NumberedColumn } from './number-columns.ts';
import type { RankedColumn } from './rank-nodes.ts';
import type { RiverLink, RiverMeasure } from './river.ts';
import { trafficVerdicts } from './traffic-edge.ts';

/** Links between neighbouring columns, the heaviest first, and how many are left out. */
export interface JoinedLinks {
  readonly links: readonly RiverLink[];
  readonly hiddenLinks: number;
}

/** What is joined: rows, what the columns call them, and what of those is drawn. */
export interface Joined {
  readonly rows: readonly RiverRow[];
  readonly columns: readonly NumberedColumn[];
  readonly ranked: readonly RankedColumn[];
  readonly measure: RiverMeasure;
}

/**
 * Joins rows to what flows between drawn nodes, by verdict and by what becomes of it under a draft; at most `most` of them, what the draft
 * changes before all else, however thin it is.
 */
export function joinLinks(joined: Joined, most: number): JoinedLinks {
  const links = [0, 1, 2].flatMap((layer) => linksAfter(layer, joined));
  const shown = takeByTier(links, most, {
    tierOf: ({ outcome }) => rankOf(outcome),
    weightOf: (link) => weightOf(link, joined.measure),
    compare: (one, other) =>
      other.connections - one.connections ||
      compareTexts(one.source, other.source) ||
      compareTexts(one.target, other.target) ||
      compareTexts(one.verdict, other.verdict) ||
      compareTexts(one.outcome ?? '', other.outcome ?? ''),
  });
  return { links: shown, hiddenLinks: links.length - shown.length };
}

function linksAfter(layer: number, { rows, columns, ranked }: Joined): readonly RiverLink[] {
  const [sources, targets] = [placesOf(layer, columns, ranked), placesOf(layer + 1, columns, ranked)];
  const links = new Map<number, GrowingSum & RiverLink>();
  for (const [at, row] of rows.entries()) {
    const [from, to] = [sources.of(at), targets.of(at)];
    const { verdict, tried } = row;
    const key = (from * targets.count + to) * kinds + kindOf(row);
    const known = links.get(key);
    const kind = tried === undefined ? { verdict } : { verdict, outcome: tried.outcome };
    const link = known ?? { ...startSum(), source: sources.id(from), target: targets.id(to), ...kind };
    if (known === undefined) links.set(key, link);
    addTo(link, row);
  }
  return [...links.values()];
}

// A verdict, with no draft or with what becomes of it under one.
const kinds = trafficVerdicts.length * (draftOutcomes.length + 1);

function kindOf({ verdict, tried }: RiverRow): number {
  const outcome = tried === undefined ? 0 : draftOutcomes.indexOf(tried.outcome) + 1;
  return outcome * trafficVerdicts.length + trafficVerdicts.indexOf(verdict);
}

interface Places {
  readonly count: number;
  /** The place of a row's node in its column. */
  of(row: number): number;
  id(place: number): string;
}

function placesOf(layer: number, columns: readonly NumberedColumn[], ranked: readonly RankedColumn[]): Places {
  const { ofRow } = columns[layer] ?? { ofRow: new Int32Array() };
  const { nodes, nodeOf } = ranked[layer] ?? { nodes: [], nodeOf: new Int32Array() };
  return {
    count: nodes.length,
    of: (row) => nodeOf[ofRow[row] ?? 0] ?? 0,
    id: (place) => nodes[place]?.id ?? '',
  };
}
