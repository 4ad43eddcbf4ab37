import type { Connection } from './make-connections.ts';

/** One edge as it really was: what no log says by itself. */
export interface TrueEdge {
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** `tls`, `http`, `tcp` or `udp`. */
  readonly scheme: string;
  readonly connections: number;
  readonly refused: number;
  /** What a planted edge stands for; null for those that are wanted. */
  readonly planted: string | null;
}

/** What the story holds. */
export interface Truth {
  readonly edges: readonly TrueEdge[];
}

/** Adds connections up by who, where to and port. */
export function tellTruth(connections: readonly Connection[]): Truth {
  const edges = new Map<string, TrueEdge>();
  for (const { service, host, port, scheme, outcome, planted } of connections) {
    const key = `${service} ${scheme}://${host}:${port}`;
    const known = edges.get(key) ?? {
      ...{ service, host, port, scheme, planted, connections: 0, refused: 0 },
      protocol: scheme === 'udp' ? 'udp' : 'tcp',
    };
    const isRefused = outcome === 'refused';
    edges.set(key, {
      ...known,
      connections: known.connections + (isRefused ? 0 : 1),
      refused: known.refused + (isRefused ? 1 : 0),
    });
  }
  return { edges: [...edges.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, edge]) => edge) };
}
