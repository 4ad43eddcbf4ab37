import { proxyAddress } from '../generate/estate.ts';
import type { TrueEdge, Truth } from '../generate/truth.ts';

/** What this story reads of `exeat flows map -o json`. */
interface MapOutput {
  readonly edges: readonly {
    readonly edge: {
      readonly principal: string;
      readonly destination: string;
      readonly port: number;
      readonly protocol: number;
      readonly connections: number;
    };
  }[];
}

/** What this story reads of `exeat flows replay -o json`. */
interface ReplayOutput {
  readonly groups: Readonly<
    Record<
      string,
      readonly { readonly service: string; readonly destination: string; readonly ports: readonly string[] }[]
    >
  >;
}

/** A part of the wanted flows, counted in two ways. */
export interface BenignShare {
  readonly connections: number;
  readonly allConnections: number;
  readonly edges: number;
  readonly allEdges: number;
}

/** How a policy fits what really happened. */
export interface Fit {
  readonly covered: BenignShare;
  /** Wanted edges that it would deny: a person has to judge them. */
  readonly missed: readonly string[];
  readonly planted: number;
  /** Planted edges that it would allow: there must be none. */
  readonly admitted: readonly string[];
  /** What it would deny and what is neither wanted nor planted. */
  readonly other: readonly string[];
}

/** How much of what is wanted stands on the right edge of the map, with the right count. */
export function shareOnMap(truth: Truth, output: string): BenignShare {
  const { edges } = JSON.parse(output) as MapOutput;
  const seen = new Map(
    edges.map(({ edge }) => {
      const { principal, destination, port, protocol, connections } = edge;
      return [`${principal} ${destination}:${protocol === 17 ? `${port}/udp` : port}`, connections];
    }),
  );
  const benign = benignOf(truth);
  // More than there were is as wrong as fewer.
  const right = benign.map((edge) =>
    Math.max(0, edge.connections - Math.abs(edge.connections - (seen.get(keyOf(edge)) ?? 0))),
  );
  return { ...total(benign), connections: sum(right), edges: right.filter((count) => count > 0).length };
}

/** Holds a replay of everything against what really happened. What a replay does not list is allowed. */
export function judgePolicy(truth: Truth, output: string): Fit {
  const { groups } = JSON.parse(output) as ReplayOutput;
  const denied = new Set(
    Object.values(groups).flatMap((list) =>
      list.flatMap(({ service, destination, ports }) => ports.map((port) => `${service} ${destination}:${port}`)),
    ),
  );
  const benign = benignOf(truth);
  const planted = truth.edges.filter((edge) => edge.planted !== null);
  const covered = benign.filter((edge) => !denied.has(keyOf(edge)));
  const known = new Set(truth.edges.map(keyOf));
  return {
    covered: { ...total(benign), connections: connectionsOf(covered), edges: covered.length },
    missed: benign.map(keyOf).filter((key) => denied.has(key)),
    planted: planted.length,
    admitted: planted.map(keyOf).filter((key) => !denied.has(key)),
    other: [...denied].filter((key) => !known.has(key)).sort(),
  };
}

/** Whether a destination of {@link Fit.other} is the way to the proxy: its own log tells what lies behind. */
export function isWayToProxy(key: string): boolean {
  return key.endsWith(` ${proxyAddress}:3128`);
}

function benignOf(truth: Truth): readonly TrueEdge[] {
  return truth.edges.filter(({ planted }) => planted === null);
}

function keyOf({ service, host, port, scheme }: TrueEdge): string {
  return `${service} ${host}:${port}${scheme === 'udp' ? '/udp' : ''}`;
}

function total(edges: readonly TrueEdge[]): BenignShare {
  return { connections: 0, allConnections: connectionsOf(edges), edges: 0, allEdges: edges.length };
}

function connectionsOf(edges: readonly TrueEdge[]): number {
  return sum(edges.map(({ connections }) => connections));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
