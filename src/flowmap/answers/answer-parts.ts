import type { Edge, NameRank } from '../edge.ts';
import type { FlowMap, MapEdge } from '../flow-map.ts';
import type { EdgeJudgement } from '../judge-edges.ts';
import { findKnownDestination, type KnownCategory } from '../known-destinations.ts';
import type { AnswerView, NameAnswers, SeenDays } from '../lake.ts';

/** What policy and inventory say of a service; null where neither does. */
export interface ServiceFacts {
  readonly kind: string | null;
  /** Environment of the space that the policy puts it in. */
  readonly environment: string | null;
  readonly isInPolicy: boolean;
}

/** What answers are worked out from. */
export interface AnswerParts {
  /** The whole map of the window. */
  readonly map: FlowMap;
  readonly seenDays: readonly SeenDays[];
  readonly nameAnswers: readonly NameAnswers[];
  /** What whom was told, of names that have a private address. */
  readonly views: readonly AnswerView[];
  readonly factsOf: (principal: string) => ServiceFacts;
  /** Whether an address is a resolver that configuration or inventory knows. */
  readonly isKnownResolver: (address: string) => boolean;
}

/** One destination as evidence: what was seen, how its name is known, and what the present policy says. */
export interface DestinationEvidence {
  readonly destination: string;
  readonly port: number;
  readonly protocol: number;
  readonly rank: NameRank;
  /** Whose the address is; null where nobody said, and for names. */
  readonly provider: string | null;
  readonly category: KnownCategory | null;
  readonly connections: number;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly denied: number;
  readonly days: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly verdict: EdgeJudgement['verdict'] | null;
  /** `file:line` of declarations; null where no configuration was ingested. */
  readonly declaredAt: readonly string[] | null;
}

/** A map edge as evidence. */
export function evidenceOf({ edge, judgement, declaredAt }: MapEdge): DestinationEvidence {
  const { destination, port, protocol, rank, connections, bytesUp, bytesDown, denied, days, firstMs, lastMs } = edge;
  const category = edge.isName ? (findKnownDestination(destination)?.category ?? null) : null;
  const seen = { connections, bytesUp, bytesDown, denied, days, firstMs, lastMs };
  const provider = edge.isName ? null : edge.provider;
  return {
    destination,
    port,
    protocol,
    rank,
    provider,
    category,
    ...seen,
    verdict: judgement?.verdict ?? null,
    declaredAt,
  };
}

/** The largest of edges as evidence, by connections, then by name. */
export function largestEvidence(edges: readonly MapEdge[], most: number): readonly DestinationEvidence[] {
  return [...edges]
    .sort((a, b) => b.edge.connections - a.edge.connections || compareTexts(a.edge.destination, b.edge.destination))
    .slice(0, most)
    .map(evidenceOf);
}

/** Edges by principal, in order of name. */
export function groupByService(edges: readonly MapEdge[]): ReadonlyMap<string, readonly MapEdge[]> {
  const groups = new Map<string, MapEdge[]>();
  for (const one of edges) {
    const known = groups.get(one.edge.principal);
    if (known === undefined) groups.set(one.edge.principal, [one]);
    else known.push(one);
  }
  return new Map([...groups].sort(([a], [b]) => compareTexts(a, b)));
}

/** Whether anything but refusals was seen of an edge. */
export function wasUsed({ edge }: Pick<MapEdge, 'edge'>): boolean {
  return edge.connections > 0 || (edge.bytesUp ?? 0) > 0 || (edge.bytesDown ?? 0) > 0;
}

/** A sum of what may not be told; null where none of it was. */
export function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

/** The sum of connections. */
export function sumConnections(edges: readonly { readonly edge: Pick<Edge, 'connections'> }[]): number {
  return edges.reduce((sum, { edge }) => sum + edge.connections, 0);
}

/** Order of texts by their code units, the same on every machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
