import type { GrantIndex, OpenedGrant } from '../grant-index.ts';
import type { DecisionFacts } from '../verdict.ts';

/** The grants of a service as a packet filter can hold them. */
interface ServiceGrants {
  readonly unbounded: readonly OpenedGrant[];
  /** Ids of those whose bytes are bounded. */
  readonly capped: readonly string[];
}

const sorted = new WeakMap<GrantIndex, ReadonlyMap<string, ServiceGrants>>();
const noGrantsOfService: ServiceGrants = { unbounded: [], capped: [] };

/** The grants of a service that may stand in a plane: those without a bound of bytes, live or not. */
export function planeGrantsOf(index: GrantIndex, service: string): readonly OpenedGrant[] {
  return grantsOf(index, service).unbounded;
}

/**
 * The facts by which planes are asked: grants with a bound of bytes count as spent. A packet filter passes packets without counting them
 * against a budget, so what such a grant opens is reached through the proxy or a listener, which count. Where a service is observed it is
 * a miss like any other.
 */
export function planeFacts(facts: DecisionFacts, service: string): DecisionFacts {
  const { capped } = grantsOf(facts.grants, service);
  return capped.length === 0 ? facts : { ...facts, spent: new Set([...facts.spent, ...capped]) };
}

function grantsOf(index: GrantIndex, service: string): ServiceGrants {
  if (index.byId.size === 0) return noGrantsOfService;
  const known = sorted.get(index) ?? sortGrants(index);
  sorted.set(index, known);
  return known.get(service) ?? noGrantsOfService;
}

function sortGrants(index: GrantIndex): ReadonlyMap<string, ServiceGrants> {
  const byService = new Map<string, { unbounded: OpenedGrant[]; capped: string[] }>();
  for (const opened of index.byId.values()) {
    const { id, service, bytesUp, bytesDown } = opened.grant;
    const lists = byService.get(service) ?? { unbounded: [], capped: [] };
    byService.set(service, lists);
    if (bytesUp === null && bytesDown === null) lists.unbounded.push(opened);
    else lists.capped.push(id);
  }
  return byService;
}
