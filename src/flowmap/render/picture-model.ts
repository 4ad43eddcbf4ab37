import type { FlowMap, MapEdge } from '../flow-map.ts';
import { domainOf } from '../judge-edges.ts';

/** How a ribbon is coloured: what the present policy says of the edges in it, the worst of them. */
export type PictureVerdict = 'allow' | 'uncertain' | 'deny' | 'not-judged';

/** One ribbon of the picture: what a principal sent to a registrable domain (or address) and back. */
export interface PictureLink {
  readonly principal: string;
  readonly domain: string;
  readonly bytes: number;
  readonly connections: number;
  readonly edges: number;
  readonly verdict: PictureVerdict;
}

/** A map folded so that it can be looked at. What is too much is folded further and said. */
export interface PictureModel {
  readonly links: readonly PictureLink[];
  /** How many principals and domains were folded into `others`. */
  readonly foldedPrincipals: number;
  readonly foldedDomains: number;
  readonly hasBytes: boolean;
}

/** More columns of names than this nobody reads. */
const mostPrincipals = 40;
const mostDomains = 60;
/** The name of what was folded. */
export const othersLabel = 'others';

const worst: readonly PictureVerdict[] = ['not-judged', 'allow', 'uncertain', 'deny'];

/** Folds the edges of a map to ribbons between principals and registrable domains, the largest kept by name. */
export function createPictureModel(map: FlowMap): PictureModel {
  const seen = map.edges.filter(({ edge }) => edge.connections > 0);
  const hasBytes = seen.some(({ edge }) => (edge.bytesUp ?? 0) + (edge.bytesDown ?? 0) > 0);
  const principals = largest(seen, ({ edge }) => edge.principal, mostPrincipals);
  const domains = largest(seen, ({ edge }) => domainOf(edge), mostDomains);
  const links = new Map<string, PictureLink>();
  for (const one of seen) {
    const principal = principals.kept.has(one.edge.principal) ? one.edge.principal : othersLabel;
    const own = domainOf(one.edge);
    const domain = domains.kept.has(own) ? own : othersLabel;
    const key = `${principal}\n${domain}`;
    links.set(key, addEdge(links.get(key) ?? emptyLink(principal, domain), one));
  }
  return {
    links: [...links.values()].sort((a, b) => compareLinks(a, b)),
    foldedPrincipals: principals.folded,
    foldedDomains: domains.folded,
    hasBytes,
  };
}

function emptyLink(principal: string, domain: string): PictureLink {
  return { principal, domain, bytes: 0, connections: 0, edges: 0, verdict: 'not-judged' };
}

function addEdge(link: PictureLink, { edge, judgement }: MapEdge): PictureLink {
  const verdict = judgement?.verdict ?? 'not-judged';
  return {
    ...link,
    bytes: link.bytes + (edge.bytesUp ?? 0) + (edge.bytesDown ?? 0),
    connections: link.connections + edge.connections,
    edges: link.edges + 1,
    verdict: worst.indexOf(verdict) > worst.indexOf(link.verdict) ? verdict : link.verdict,
  };
}

function largest(
  edges: readonly MapEdge[],
  keyOf: (edge: MapEdge) => string,
  most: number,
): { readonly kept: ReadonlySet<string>; readonly folded: number } {
  const weights = new Map<string, number>();
  for (const one of edges) {
    const key = keyOf(one);
    const weight = (one.edge.bytesUp ?? 0) + (one.edge.bytesDown ?? 0) + one.edge.connections;
    weights.set(key, (weights.get(key) ?? 0) + weight);
  }
  const sorted = [...weights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return { kept: new Set(sorted.slice(0, most).map(([key]) => key)), folded: Math.max(0, sorted.length - most) };
}

function compareLinks(a: PictureLink, b: PictureLink): number {
  if (a.principal !== b.principal) return a.principal < b.principal ? -1 : 1;
  return a.domain < b.domain ? -1 : a.domain > b.domain ? 1 : 0;
}
