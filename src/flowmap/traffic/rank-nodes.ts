import type { RiverMeasure, RiverSum } from './river.ts';

/** What of a column is drawn, in its order: the heaviest first, what nothing used after it, equal ones by name. */
export interface RankedColumn {
  readonly shown: readonly RankedNode[];
  /** What stands together at the end; null for nothing. */
  readonly rest: (RiverSum & { readonly count: number; readonly isUnused: boolean }) | null;
}

/** A node with what flows through it. */
export interface RankedNode extends RiverSum {
  readonly label: string;
  readonly isUnused: boolean;
}

/** Traffic by name, in one column; a name without traffic has no connections and no bytes. */
export type ColumnSums = ReadonlyMap<string, RiverSum & { readonly isUnused: boolean }>;

/** No traffic. */
export const nothing: RiverSum = { connections: 0, bytesUp: 0, bytesDown: 0 };

/** Adds up. */
export function plus(one: RiverSum, other: RiverSum): RiverSum {
  return {
    connections: one.connections + other.connections,
    bytesUp: one.bytesUp + other.bytesUp,
    bytesDown: one.bytesDown + other.bytesDown,
  };
}

/** What a width stands for. */
export function weightOf({ connections, bytesUp, bytesDown }: RiverSum, measure: RiverMeasure): number {
  return measure === 'connections' ? connections : bytesUp + bytesDown;
}

/** Ranks the columns, so that together they have at most `most` nodes; what is past it stands together at the end of its column. */
export function rankColumns(
  columns: readonly ColumnSums[],
  most: number,
  measure: RiverMeasure,
): readonly RankedColumn[] {
  const places = sharePlaces(
    columns.map(({ size }) => size),
    most,
  );
  return columns.map((sums, at) => rankColumn(sums, places[at] ?? 0, measure));
}

function rankColumn(sums: ColumnSums, places: number, measure: RiverMeasure): RankedColumn {
  const ranked = [...sums]
    .map(([label, sum]) => ({ label, ...sum }))
    .sort(
      (one, other) =>
        Number(one.isUnused) - Number(other.isUnused) ||
        weightOf(other, measure) - weightOf(one, measure) ||
        other.connections - one.connections ||
        (one.label < other.label ? -1 : 1),
    );
  if (ranked.length <= places) return { shown: ranked, rest: null };
  // One place is the one of those that stand together.
  const shown = ranked.slice(0, Math.max(0, places - 1));
  const hidden = ranked.slice(shown.length);
  const isUnused = hidden.every((node) => node.isUnused);
  return { shown, rest: { ...hidden.reduce<RiverSum>(plus, nothing), count: hidden.length, isUnused } };
}

/**
 * Shares places among columns: nobody gets more than it has nodes, and what one leaves goes to the others. The sum is at most `most`.
 */
export function sharePlaces(counts: readonly number[], most: number): readonly number[] {
  const places = counts.map(() => 0);
  let left = most;
  for (;;) {
    const wanting = counts.flatMap((count, at) => (count > (places[at] ?? 0) ? [at] : []));
    const each = Math.floor(left / Math.max(1, wanting.length));
    if (wanting.length === 0 || each === 0) return places;
    for (const at of wanting) {
      const given = Math.min(each, (counts[at] ?? 0) - (places[at] ?? 0));
      places[at] = (places[at] ?? 0) + given;
      left -= given;
    }
  }
}
