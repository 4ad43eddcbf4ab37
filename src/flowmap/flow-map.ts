import type { CompiledPolicy, NetworkFacts } from '../policy/index.ts';
import type { Coverage } from './coverage.ts';
import { indexDeclared, placesOf, UnseenEndpoints } from './declared-hosts.ts';
import type { Edge } from './edge.ts';
import { createEdgeJudge, type JudgedEdge } from './judge-edges.ts';
import { LargestItems } from './largest-items.ts';
import type { DeclaredEndpoint } from './observation.ts';

/** An edge as the map shows it: judged by the present policy, and with where configuration declares it. */
export interface MapEdge extends JudgedEdge {
  readonly owner: string | null;
  /** `file:line` of declarations, at most 5; empty where none declares it, null where no configuration was ingested. */
  readonly declaredAt: readonly string[] | null;
}

/** The map: edges with what they rest on. */
export interface FlowMap {
  readonly edges: readonly MapEdge[];
  /** How many more edges there are, of fewer connections than those of the list. */
  readonly omittedEdges: number;
  readonly coverage: Coverage;
  /** Endpoints that configuration declares and nobody was seen to use. */
  readonly unseen: readonly DeclaredEndpoint[];
  readonly policyVersion: string | null;
  /** Why edges were not judged; null where they were. */
  readonly noPolicy: string | null;
}

/** What a map is drawn from. */
export interface FlowMapParts {
  readonly edges: readonly Edge[];
  readonly coverage: Coverage;
  readonly declared: readonly DeclaredEndpoint[];
  readonly policy: CompiledPolicy | null;
  readonly noPolicy: string | null;
  readonly ownerOf: (principal: string) => string | null;
  /** Epoch milliseconds: observing that ended by then counts as enforced. */
  readonly nowMs: number;
  /** Loopback pairs that the configuration opens. */
  readonly localOrigins: NetworkFacts['localOrigins'];
}

/** What of a map is wanted; null wants everything. */
export interface FlowMapFilter {
  readonly service: string | null;
  /** Edges first seen at or after this instant, epoch milliseconds. */
  readonly newSinceMs: number | null;
  readonly class: string | null;
}

/** What a map needs of its edges before all of them are known. */
export type FlowMapBasis = Omit<FlowMapParts, 'edges' | 'coverage'>;

/** A map in the making. Its edges come in batches, in the order of the map: those of a large lake are never all held at once. */
export interface FlowMapDrawing {
  add(edges: readonly Edge[]): void;
  finish(coverage: Coverage): FlowMap;
}

/**
 * Begins a map: joins edges with declarations, judges them, and keeps what the filter wants, of that the `mostEdges` with most connections
 * (refused ones count).
 */
export function beginFlowMap(basis: FlowMapBasis, filter: FlowMapFilter, mostEdges: number): FlowMapDrawing {
  const judge = basis.policy === null ? null : createEdgeJudge(basis.policy, basis.nowMs, basis.localOrigins);
  const declarations = indexDeclared(basis.declared);
  const unseen = new UnseenEndpoints(basis.declared);
  const kept = new LargestItems<MapEdge>(mostEdges, ({ edge }) => edge.connections + edge.denied);
  const mapEdge = (edge: Edge): MapEdge => ({
    edge,
    judgement: judge?.judge(edge) ?? null,
    owner: basis.ownerOf(edge.principal),
    declaredAt: basis.declared.length === 0 ? null : placesOf(edge, declarations),
  });
  return {
    add: (edges) => {
      for (const edge of edges) {
        unseen.strike(edge);
        if (!isWanted(edge, filter)) continue;
        const map = mapEdge(edge);
        if (filter.class === null || map.judgement?.class === filter.class) kept.add(map);
      }
    },
    finish: (coverage) => ({
      edges: kept.items(),
      omittedEdges: kept.omitted(),
      coverage,
      unseen: unseen.rest(),
      policyVersion: basis.policy?.version ?? null,
      noPolicy: basis.noPolicy,
    }),
  };
}

/** Draws the map of edges that are all at hand. */
export function drawFlowMap({ edges, coverage, ...basis }: FlowMapParts, filter: FlowMapFilter): FlowMap {
  const drawing = beginFlowMap(basis, filter, edges.length);
  drawing.add(edges);
  return drawing.finish(coverage);
}

function isWanted(edge: Edge, { service, newSinceMs }: FlowMapFilter): boolean {
  return (service === null || edge.principal === service) && (newSinceMs === null || edge.firstMs >= newSinceMs);
}
