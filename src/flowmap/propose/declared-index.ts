import { parseIpAddress, parseIpPrefix, prefixContains } from '../../destination/index.ts';
import { coversHost } from '../declared-hosts.ts';
import type { Edge } from '../edge.ts';
import type { DeclaredEndpoint } from '../observation.ts';

/** What configuration declares, for questions about edges and services. */
export interface DeclaredIndex {
  /** Whether it states or holds the endpoint of an edge; what a tool would use by default does not count. */
  isStated(edge: Edge): boolean;
  /** What it declares for a service by name: `payments-api`, or `payments/api` for a workload `api`. */
  ofService(principal: string): readonly DeclaredEndpoint[];
}

/** Indexes declared endpoints by host and by service. */
export function createDeclaredIndex(declared: readonly DeclaredEndpoint[]): DeclaredIndex {
  const stated = declared.filter(({ confidence }) => confidence !== 'implied');
  const exact = new Map<string, DeclaredEndpoint[]>();
  for (const endpoint of stated) {
    const known = exact.get(endpoint.host);
    if (known === undefined) exact.set(endpoint.host, [endpoint]);
    else known.push(endpoint);
  }
  const patterns = stated.filter(({ host }) => host.includes('*') || host.includes('/'));
  const find = (edge: Edge): readonly DeclaredEndpoint[] => [
    ...(exact.get(edge.destination) ?? []),
    ...patterns.filter(({ host }) => coversDestination(host, edge.destination)),
  ];
  return {
    isStated: (edge) => find(edge).some(({ port }) => port === null || port === edge.port),
    ofService: (principal) => stated.filter(({ service }) => service !== null && isSameService(service, principal)),
  };
}

/** Whether a declared host (name, pattern or prefix) is that of a destination. */
export function coversDestination(host: string, destination: string): boolean {
  if (!host.includes('/')) return coversHost(host, destination);
  const prefix = parseIpPrefix(host);
  const address = parseIpAddress(destination);
  return prefix.ok && address.ok && prefixContains(prefix.value, address.value);
}

// Configuration calls a workload by its own name, logs often by namespace and name.
function isSameService(service: string, principal: string): boolean {
  return service === principal || principal.endsWith(`/${service}`) || principal === service.replaceAll('/', '-');
}
