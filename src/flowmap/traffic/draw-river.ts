import { destinationOf, endsOfRow, endsOfRule, groupOfRule, hostOfRow, type RowEnds } from './name-ends.ts';
import { nothing, plus, type RankedColumn, rankColumns, weightOf } from './rank-nodes.ts';
import type {
  River,
  RiverFacts,
  RiverGhost,
  RiverLink,
  RiverNode,
  RiverPath,
  RiverQuery,
  RiverRule,
  RiverSum,
} from './river.ts';
import type { TrafficRow } from './traffic-edge.ts';

// What a browser draws in a blink, and a person reads in one go.
const mostLinks = 1_200;
const mostPaths = 500;
const mostUnused = 500;
// Of one path; who wants all follows it to its decisions.
const mostNamed = 5;

/**
 * Draws traffic as a river: who, service, enforcement point, destination. Nodes past the bound stand together at the end of their column, so
 * no width is lost; entries that nothing used are ghosts. Equal traffic gives an equal picture.
 */
export function drawRiver(rows: readonly TrafficRow[], facts: RiverFacts, query: RiverQuery): River {
  const flows = rows
    .filter(({ service }) => query.service === null || service === query.service)
    .map((row) => ({ row, ends: endsOfRow(row, facts, query) }));
  const ghosts = query.withUnused ? findUnused(flows, facts, query) : [];
  const columns = rankColumns(sumColumns(flows, ghosts, facts, query), query.nodes, query.measure);
  const nodeAt = findNode(columns);
  const links = joinLinks(flows, nodeAt, query);
  const paths = joinPaths(flows, nodeAt, query);
  const unused = ghosts.map((rule) => ghostOf(rule, nodeAt, query));
  const shown = paths.slice(0, mostPaths);
  return {
    total: flows.map(({ row }) => row).reduce<RiverSum>(plus, nothing),
    nodes: columns.flatMap(toNodes),
    hiddenNodes: columns.reduce((sum, { rest }) => sum + (rest?.count ?? 0), 0),
    links: links.slice(0, mostLinks),
    hiddenLinks: Math.max(0, links.length - mostLinks),
    paths: shown,
    hiddenPaths: paths.length - shown.length,
    unused: unused.slice(0, mostUnused),
    hiddenUnused: Math.max(0, unused.length - mostUnused),
    rules: rulesOf(shown, facts),
  };
}

interface Flow {
  readonly row: TrafficRow;
  readonly ends: RowEnds;
}

function findUnused(flows: readonly Flow[], { rules }: RiverFacts, { service }: RiverQuery): readonly RiverRule[] {
  const used = new Set<string>();
  for (const { row } of flows) {
    if (row.verdict === 'deny') continue;
    for (const id of row.ruleIds) used.add(id);
    if (row.grantId !== null) used.add(row.grantId);
  }
  return rules.filter((rule) => !used.has(rule.id) && (service === null || rule.service === service));
}

type Sums = Map<string, RiverSum & { readonly isUnused: boolean }>;

function sumColumns(
  flows: readonly Flow[],
  ghosts: readonly RiverRule[],
  facts: RiverFacts,
  query: RiverQuery,
): readonly Sums[] {
  const columns: readonly [Sums, Sums, Sums, Sums] = [new Map(), new Map(), new Map(), new Map()];
  for (const { row, ends } of flows) {
    for (const [at, sums] of columns.entries()) {
      const label = ends[at] ?? '';
      sums.set(label, { ...plus(sums.get(label) ?? nothing, row), isUnused: false });
    }
  }
  const haunt = (sums: Sums, label: string | null): void => {
    if (label !== null && !sums.has(label)) sums.set(label, { ...nothing, isUnused: true });
  };
  for (const rule of ghosts) {
    const [service, to] = endsOfRule(rule, query);
    haunt(columns[0], groupOfRule(rule, facts, query));
    haunt(columns[1], service);
    haunt(columns[3], to);
  }
  return columns;
}

/** The id of the node that a name of a column is drawn as. */
type NodeAt = (layer: number, label: string) => string;

function findNode(columns: readonly RankedColumn[]): NodeAt {
  const shown = columns.map((column) => new Set(column.shown.map(({ label }) => label)));
  return (layer, label) => (shown[layer]?.has(label) === true ? `${layer}:${label}` : `${layer}`);
}

function toNodes({ shown, rest }: RankedColumn, layer: number): readonly RiverNode[] {
  const nodes = shown.map(
    ({ label, ...sum }): RiverNode => ({ ...sum, id: `${layer}:${label}`, layer, label, hidden: null }),
  );
  if (rest === null) return nodes;
  const { count, ...sum } = rest;
  return [...nodes, { ...sum, id: `${layer}`, layer, label: `and ${count} more`, hidden: count }];
}

function joinLinks(flows: readonly Flow[], nodeAt: NodeAt, { measure }: RiverQuery): readonly RiverLink[] {
  const links = new Map<string, RiverLink>();
  for (const { row, ends } of flows) {
    const ids = ends.map((label, layer) => nodeAt(layer, label));
    for (let layer = 0; layer + 1 < ids.length; layer += 1) {
      const [source = '', target = ''] = ids.slice(layer, layer + 2);
      const key = `${source}\n${target}\n${row.verdict}`;
      const { verdict } = row;
      links.set(key, { source, target, verdict, ...plus(links.get(key) ?? nothing, row) });
    }
  }
  return heaviestFirst(
    [...links].map(([key, link]) => ({ key, ...link })),
    measure,
  ).map(({ key: _, ...link }) => link);
}

function heaviestFirst<T extends RiverSum & { readonly key: string }>(
  items: readonly T[],
  measure: RiverQuery['measure'],
): readonly T[] {
  return items.toSorted(
    (one, other) =>
      weightOf(other, measure) - weightOf(one, measure) ||
      other.connections - one.connections ||
      (one.key < other.key ? -1 : 1),
  );
}

interface Gathered {
  readonly key: string;
  readonly first: Flow;
  readonly to: string;
  sum: RiverSum;
  host: string | null;
  lastMs: number;
  readonly reasons: Set<string>;
  readonly ruleIds: Set<string>;
  readonly grantIds: Set<string>;
}

function joinPaths(flows: readonly Flow[], nodeAt: NodeAt, query: RiverQuery): readonly RiverPath[] {
  const paths = new Map<string, Gathered>();
  for (const flow of flows) {
    const { row, ends } = flow;
    const to = destinationOf(row, ends[3], query);
    const key = `${ends.slice(0, 3).join('\n')}\n${to}\n${row.verdict}`;
    const path = paths.get(key) ?? begin(key, flow, to);
    paths.set(key, path);
    path.sum = plus(path.sum, row);
    path.lastMs = Math.max(path.lastMs, row.lastMs);
    if (path.host !== hostOfRow(row)) path.host = null;
    if (row.reason !== '') path.reasons.add(row.reason);
    for (const id of row.ruleIds) path.ruleIds.add(id);
    if (row.grantId !== null) path.grantIds.add(row.grantId);
  }
  const gathered = [...paths.values()].map((path) => ({ ...path.sum, ...path }));
  return heaviestFirst(gathered, query.measure).map((path) => toPath(path, nodeAt));
}

function begin(key: string, first: Flow, to: string): Gathered {
  const named = { reasons: new Set<string>(), ruleIds: new Set<string>(), grantIds: new Set<string>() };
  return { key, first, to, sum: nothing, host: hostOfRow(first.row), lastMs: 0, ...named };
}

function toPath({ first, to, sum, host, lastMs, ...named }: Gathered, nodeAt: NodeAt): RiverPath {
  const [from, service, point] = first.ends;
  const few = (ids: Set<string>): readonly string[] => [...ids].sort().slice(0, mostNamed);
  const { verdict } = first.row;
  return {
    ...{ from, service, point, to, host, verdict, lastMs, ...sum },
    reasons: few(named.reasons),
    ruleIds: few(named.ruleIds),
    grantIds: few(named.grantIds),
    nodes: first.ends.map((label, layer) => nodeAt(layer, label)),
  };
}

function ghostOf(rule: RiverRule, nodeAt: NodeAt, query: RiverQuery): RiverGhost {
  const [service, to] = endsOfRule(rule, query);
  return { ...rule, source: nodeAt(1, service), target: nodeAt(3, to) };
}

function rulesOf(paths: readonly RiverPath[], { rules }: RiverFacts): readonly RiverRule[] {
  const named = new Set(paths.flatMap(({ ruleIds }) => ruleIds));
  return rules.filter(({ id }) => named.has(id));
}
