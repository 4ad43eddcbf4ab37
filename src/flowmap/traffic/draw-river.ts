import type { RiverRow } from './draft-outcome.ts';
import { addTo, startSum } from './heaviest.ts';
import { joinLinks } from './join-links.ts';
import { joinPaths } from './join-paths.ts';
import { type GhostEnds, numberColumns } from './number-columns.ts';
import { type RankedColumn, rankColumns } from './rank-nodes.ts';
import type { River, RiverFacts, RiverGhost, RiverPath, RiverQuery, RiverRule, RiverSum } from './river.ts';
import type { TrafficRow } from './traffic-edge.ts';

// What a browser draws in a blink, and a person reads in one go.
const mostLinks = 1_200;
const mostPaths = 500;
const mostUnused = 500;

/**
 * Draws traffic as a river: who, service, enforcement point, destination. Nodes past the bound stand together at the end of their column, so
 * no width is lost; entries that nothing used are ghosts. Equal traffic gives an equal picture.
 */
export function drawRiver(all: readonly RiverRow[], facts: RiverFacts, query: RiverQuery): River {
  const rows = query.service === null ? all : all.filter(({ service }) => service === query.service);
  const unused = query.withUnused ? findUnused(rows, facts, query) : [];
  const { columns, ghosts } = numberColumns(rows, unused, facts, query);
  const ranked = rankColumns(columns, query.nodes, query.measure);
  const joined = { rows, columns, ranked, measure: query.measure };
  const { paths, hiddenPaths } = joinPaths(joined, mostPaths, query);
  return {
    total: sumOf(rows),
    nodes: ranked.flatMap(({ nodes }) => nodes),
    hiddenNodes: ranked.reduce((sum, { nodes }) => sum + (nodes.at(-1)?.hidden ?? 0), 0),
    ...joinLinks(joined, mostLinks),
    ...{ paths, hiddenPaths },
    unused: ghosts.slice(0, mostUnused).map((ghost) => toGhost(ghost, ranked)),
    hiddenUnused: Math.max(0, ghosts.length - mostUnused),
    rules: rulesOf(paths, facts),
  };
}

function findUnused(rows: readonly TrafficRow[], { rules }: RiverFacts, { service }: RiverQuery): readonly RiverRule[] {
  const used = new Set<string>();
  for (const row of rows) {
    if (row.verdict === 'deny') continue;
    for (const id of row.ruleIds) used.add(id);
    if (row.grantId !== null) used.add(row.grantId);
  }
  return rules.filter((rule) => !used.has(rule.id) && (service === null || rule.service === service));
}

function sumOf(rows: readonly TrafficRow[]): RiverSum {
  const sum = startSum();
  for (const row of rows) addTo(sum, row);
  return sum;
}

function toGhost({ rule, service, to }: GhostEnds, ranked: readonly RankedColumn[]): RiverGhost {
  const idOf = (layer: number, number: number): string => {
    const column = ranked[layer];
    return column?.nodes[column.nodeOf[number] ?? 0]?.id ?? '';
  };
  return { ...rule, source: idOf(1, service), target: idOf(3, to) };
}

function rulesOf(paths: readonly RiverPath[], { rules }: RiverFacts): readonly RiverRule[] {
  const named = new Set(paths.flatMap(({ ruleIds }) => ruleIds));
  return rules.filter(({ id }) => named.has(id));
}
