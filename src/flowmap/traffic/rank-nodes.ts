import { addTo, compareTexts, startSum, takeHeaviest, weightOf } from './heaviest.ts';
import type { NumberedColumn } from './number-columns.ts';
import type { RiverMeasure, RiverNode } from './river.ts';

/** What of a column is drawn. */
export interface RankedColumn {
  /** In their order: the heaviest first, what nothing used after it, equal ones by name; at the end those that stand together. */
  readonly nodes: readonly RiverNode[];
  /** Where in `nodes` each name of the column is found, by its number. */
  readonly nodeOf: Int32Array;
}

/** Ranks the columns, so that together they have at most `most` nodes; what is past it stands together at the end of its column. */
export function rankColumns(
  columns: readonly NumberedColumn[],
  most: number,
  measure: RiverMeasure,
): readonly RankedColumn[] {
  const places = sharePlaces(
    columns.map(({ labels }) => labels.length),
    most,
  );
  return columns.map((column, layer) => rankColumn(column, layer, { places: places[layer] ?? 0, measure }));
}

interface Room {
  readonly places: number;
  readonly measure: RiverMeasure;
}

function rankColumn(column: NumberedColumn, layer: number, { places, measure }: Room): RankedColumn {
  const all = column.labels.map((label, number) => nodeOf(column, layer, { label, number }));
  // One place is the one of those that stand together.
  const most = all.length <= places ? all.length : Math.max(0, places - 1);
  const shown = takeHeaviest(all, most, {
    weightOf: (node) => (node.isUnused ? -1 : weightOf(node, measure)),
    compare: (one, other) => other.connections - one.connections || compareTexts(one.label, other.label),
  });
  const place = new Map(shown.map((node, at) => [node, at]));
  const found = Int32Array.from(all, (node) => place.get(node) ?? shown.length);
  const hidden = all.filter((_, number) => found[number] === shown.length);
  return { nodes: hidden.length === 0 ? shown : [...shown, together(hidden, layer)], nodeOf: found };
}

function nodeOf(
  { sums, used }: NumberedColumn,
  layer: number,
  { label, number }: { readonly label: string; readonly number: number },
): RiverNode {
  const { connections, bytesUp, bytesDown } = sums[number] ?? startSum();
  const isUnused = number >= used;
  return { id: `${layer}:${label}`, layer, label, connections, bytesUp, bytesDown, hidden: null, isUnused };
}

function together(hidden: readonly RiverNode[], layer: number): RiverNode {
  const sum = startSum();
  for (const node of hidden) addTo(sum, node);
  const count = hidden.length;
  const isUnused = hidden.every((node) => node.isUnused);
  return { ...sum, id: `${layer}`, layer, label: `and ${count} more`, hidden: count, isUnused };
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
