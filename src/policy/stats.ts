import type { PolicyTree, ServiceNode } from './nodes.ts';

/** What a policy consists of. Rules by scope: of the boundary, members of shared documents, and of services. */
export interface PolicyStats {
  readonly rules: { readonly boundary: number; readonly shared: number; readonly service: number };
  readonly serviceRules: { readonly allow: number; readonly deny: number; readonly references: number };
  readonly services: {
    readonly total: number;
    /** `observeEnded`: written as observe, and the clock enforces already. */
    readonly byMode: { readonly enforce: number; readonly observe: number; readonly observeEnded: number };
    readonly byKind: Readonly<Record<ServiceNode['serviceKind'], number>>;
    readonly withoutTests: number;
  };
  readonly documents: number;
  readonly destinations: number;
  readonly segments: number;
  readonly spaces: number;
  readonly owners: number;
  readonly tests: number;
}

/** Counts a tree. `now` is epoch milliseconds: observe past its end is enforce. */
export function policyStats(tree: PolicyTree, now: number): PolicyStats {
  const services = tree.documents.filter((document) => document.kind === 'service');
  const destinations = tree.documents.filter((document) => document.kind === 'destinations');
  const allow = sum(services, (service) => service.allow.length);
  const deny = sum(services, (service) => service.deny.length);
  return {
    rules: {
      boundary: sum(tree.documents, (document) => (document.kind === 'boundary' ? document.deny.length : 0)),
      shared: sum(destinations, (document) => document.members.length),
      service: allow + deny,
    },
    serviceRules: { allow, deny, references: sum(services, countReferences) },
    services: {
      total: services.length,
      byMode: countModes(services, now),
      byKind: countKinds(services),
      withoutTests: sum(services, (service) => (service.tests.length === 0 ? 1 : 0)),
    },
    documents: tree.documents.length,
    destinations: destinations.length,
    segments: sum(tree.documents, (document) => (document.kind === 'segments' ? document.segments.length : 0)),
    spaces: sum(tree.documents, (document) => (document.kind === 'space' ? 1 : 0)),
    owners: new Set(tree.documents.map(({ owner }) => owner)).size,
    tests: sum(services, (service) => service.tests.length),
  };
}

function countReferences({ allow, deny }: ServiceNode): number {
  return sum([...allow, ...deny], ({ to }) => (to.kind === 'reference' ? 1 : 0));
}

function countModes(services: readonly ServiceNode[], now: number): PolicyStats['services']['byMode'] {
  const observed = services.filter(({ mode }) => mode === 'observe');
  const live = sum(observed, ({ observeUntil }) => (observeUntil !== null && now < observeUntil ? 1 : 0));
  return { enforce: services.length - observed.length, observe: live, observeEnded: observed.length - live };
}

function countKinds(services: readonly ServiceNode[]): PolicyStats['services']['byKind'] {
  const counts = { app: 0, build: 0, operator: 0, agent: 0 };
  for (const { serviceKind } of services) counts[serviceKind] += 1;
  return counts;
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += count(item);
  return total;
}
