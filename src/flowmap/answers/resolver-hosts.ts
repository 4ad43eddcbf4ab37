import { findPublicResolver, parseWireHost } from '../../destination/index.ts';
import type { Edge } from '../edge.ts';

/** How a resolver is asked. */
export type ResolverVia = 'dns' | 'tls' | 'https';

const dnsPorts: ReadonlyMap<number, ResolverVia> = new Map([
  [53, 'dns'],
  [853, 'tls'],
]);

/** How an edge asks a resolver, or null where it does something else. A record that says DNS is believed on any port. */
export function resolverViaOf(edge: Pick<Edge, 'port' | 'destination' | 'application'>): ResolverVia | null {
  const via = dnsPorts.get(edge.port) ?? (edge.application === 'dns' ? 'dns' : null);
  if (via !== null) return via;
  return edge.port === 443 && isPublicResolver(edge.destination) ? 'https' : null;
}

function isPublicResolver(text: string): boolean {
  const host = parseWireHost(text.includes(':') ? `[${text}]` : text);
  return host.ok && findPublicResolver(host.value) !== null;
}
