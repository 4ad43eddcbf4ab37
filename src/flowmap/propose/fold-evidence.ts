import { nameRanks } from '../edge.ts';
import type { MapEdge } from '../flow-map.ts';
import { initiatorProofs } from '../observation.ts';
import type { Evidence } from './proposal.ts';

const dayMs = 86_400_000;

/** Folds the evidence of the edges that one entry covers; there is at least one. `observedDays`: days on which the service was seen. */
export function foldEvidence(maps: readonly MapEdge[], observedDays: number): Evidence {
  const edges = maps.map(({ edge }) => edge);
  const declared = maps.map(({ declaredAt }) => declaredAt);
  return {
    days: leastDays(maps),
    observedDays,
    connections: sum(edges.map(({ connections }) => connections)),
    bytesUp: sumKnown(edges.map(({ bytesUp }) => bytesUp)),
    bytesDown: sumKnown(edges.map(({ bytesDown }) => bytesDown)),
    denied: sum(edges.map(({ denied }) => denied)),
    firstMs: Math.min(...edges.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...edges.map(({ lastMs }) => lastMs)),
    rank: nameRanks.findLast((rank) => edges.some((edge) => edge.rank === rank)) ?? 'address',
    initiator: initiatorProofs.findLast((proof) => edges.some(({ initiator }) => initiator === proof)) ?? 'ports',
    isSampled: edges.some(({ isSampled }) => isSampled),
    formats: union(edges.map(({ formats }) => formats)),
    sources: union(edges.map(({ sources }) => sources)),
    declaredAt: declared.every((places) => places === null) ? null : union(declared.map((places) => places ?? [])),
  };
}

/**
 * On how many days edges were seen together, at least: which days those were is not kept, so the most of one edge counts, or the distinct
 * first and last days of all, whichever is more.
 */
export function leastDays(maps: readonly MapEdge[]): number {
  const ends = new Set(
    maps.flatMap(({ edge }) =>
      edge.days === 0 ? [] : [Math.floor(edge.firstMs / dayMs), Math.floor(edge.lastMs / dayMs)],
    ),
  );
  return Math.max(0, ends.size, ...maps.map(({ edge }) => edge.days));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : sum(known);
}

function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].sort();
}
