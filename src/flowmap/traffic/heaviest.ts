import type { RiverMeasure, RiverSum } from './river.ts';

/** Traffic that is added up in place: one sum for thousands of rows, rather than a new one for each. */
export interface GrowingSum {
  connections: number;
  bytesUp: number;
  bytesDown: number;
}

/** A sum of nothing yet. */
export function startSum(): GrowingSum {
  return { connections: 0, bytesUp: 0, bytesDown: 0 };
}

/** Adds to a sum. */
export function addTo(sum: GrowingSum, more: RiverSum): void {
  sum.connections += more.connections;
  sum.bytesUp += more.bytesUp;
  sum.bytesDown += more.bytesDown;
}

/** What a width stands for. */
export function weightOf({ connections, bytesUp, bytesDown }: RiverSum, measure: RiverMeasure): number {
  return measure === 'connections' ? connections : bytesUp + bytesDown;
}

/** How items are ranked: the heaviest first, equally heavy ones by `compare`, which tells any two apart. */
export interface Ranking<T> {
  readonly weightOf: (item: T) => number;
  readonly compare: (one: T, other: T) => number;
}

/** The `most` heaviest of `items`, in their order. The others are not sorted: of ten thousand, few are drawn. */
export function takeHeaviest<T>(items: readonly T[], most: number, ranking: Ranking<T>): readonly T[] {
  const { weightOf: weigh, compare } = ranking;
  const rank = (one: T, other: T): number => weigh(other) - weigh(one) || compare(one, other);
  if (items.length <= most) return items.toSorted(rank);
  const least = Float64Array.from(items, weigh).sort()[items.length - most] ?? Number.POSITIVE_INFINITY;
  return items
    .filter((item) => weigh(item) >= least)
    .sort(rank)
    .slice(0, most);
}

/**
 * The `most` first of `items`: all of a tier before any of the next, in each the heaviest first. `tierOf` gives 0, 1 and so on.
 */
export function takeByTier<T>(
  items: readonly T[],
  most: number,
  { tierOf, ...ranking }: Ranking<T> & { readonly tierOf: (item: T) => number },
): readonly T[] {
  const tiers = Map.groupBy(items, tierOf);
  const taken: T[] = [];
  for (const tier of [...tiers.keys()].sort((one, other) => one - other))
    taken.push(...takeHeaviest(tiers.get(tier) ?? [], most - taken.length, ranking));
  return taken;
}

/** The order of texts by their code units, which no locale changes. */
export function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
