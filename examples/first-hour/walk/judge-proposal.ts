import type { TrueEdge, Truth } from '../generate/truth.ts';
import type { Ran } from './run-exeat.ts';

/** An edge as `exeat flows map -o json` tells it; what this story reads of it. */
interface MapEdge {
  readonly edge: {
    readonly principal: string;
    readonly destination: string;
    readonly port: number;
    readonly protocol: number;
    readonly connections: number;
  };
  readonly judgement: { readonly verdict: string } | null;
}

/** A share of the flows that are wanted, counted in two ways. */
export interface BenignShare {
  readonly connections: number;
  readonly allConnections: number;
  readonly edges: number;
  readonly allEdges: number;
}

/** How a policy fits what really happened. */
export interface Fit {
  /** Wanted connections that stand on the right edge of the map. */
  readonly mapped: BenignShare;
  /** Wanted flows that the policy allows. */
  readonly covered: BenignShare;
  /** Wanted edges that it does not allow, for a person to judge. */
  readonly missed: readonly TrueEdge[];
  readonly planted: number;
  /** Planted edges that it allows: there must be none. */
  readonly admitted: readonly TrueEdge[];
  /** Planted edges that the map does not show at all. */
  readonly unmapped: readonly TrueEdge[];
}

/** Compares the map, judged by the policy of the configuration, with what really happened. */
export function judgeProposal(truth: Truth, map: Ran): Fit {
  const { edges } = JSON.parse(map.stdout) as { readonly edges: readonly MapEdge[] };
  const mapped = new Map(edges.map((one) => [keyOfMap(one), one]));
  const benign = truth.edges.filter(({ planted }) => planted === null);
  const planted = truth.edges.filter(({ planted }) => planted !== null);
  const isAllowed = (edge: TrueEdge): boolean => mapped.get(keyOfTruth(edge))?.judgement?.verdict === 'allow';
  const covered = benign.filter(isAllowed);
  return {
    mapped: mappedShare(benign, (edge) => mapped.get(keyOfTruth(edge))?.edge.connections ?? 0),
    covered: { ...total(benign), connections: connectionsOf(covered), edges: covered.length },
    missed: benign.filter((edge) => !isAllowed(edge)),
    planted: planted.length,
    admitted: planted.filter(isAllowed),
    unmapped: planted.filter((edge) => !mapped.has(keyOfTruth(edge))),
  };
}

function mappedShare(benign: readonly TrueEdge[], seen: (edge: TrueEdge) => number): BenignShare {
  const found = benign.filter((edge) => seen(edge) > 0);
  // More than there were is as wrong as fewer.
  const connections = found.map((edge) => edge.connections - Math.abs(edge.connections - seen(edge)));
  return { ...total(benign), connections: connections.reduce((sum, count) => sum + count, 0), edges: found.length };
}

function total(edges: readonly TrueEdge[]): BenignShare {
  return { connections: 0, allConnections: connectionsOf(edges), edges: 0, allEdges: edges.length };
}

function connectionsOf(edges: readonly TrueEdge[]): number {
  return edges.reduce((sum, { connections }) => sum + connections, 0);
}

function keyOfMap({ edge }: MapEdge): string {
  const { principal, destination, port, protocol } = edge;
  return `${principal} ${destination}:${port} ${protocol === 17 ? 'udp' : 'tcp'}`;
}

function keyOfTruth({ service, host, port, protocol }: TrueEdge): string {
  return `${service} ${host}:${port} ${protocol}`;
}
