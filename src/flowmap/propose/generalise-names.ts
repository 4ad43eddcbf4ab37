import { hasPublicSuffixBelow, isPublicSuffix, registrableDomain } from '../../destination/index.ts';
import { findKnownDestination } from '../known-destinations.ts';

/** A wildcard with the names that it stands for: `*.suffix` covers each of them. */
export interface Wildcard {
  readonly suffix: string;
  readonly names: readonly string[];
}

/** What became of names: some under wildcards, the others as they are; both in order. */
export interface Generalised {
  readonly wildcards: readonly Wildcard[];
  readonly names: readonly string[];
}

/**
 * Groups canonical names under wildcards: where `atLeast` distinct names or more lie below their longest common suffix within one
 * registrable domain. A narrower suffix that holds enough names for itself is taken before a wider one.
 * INVARIANT: no wildcard stands on or above a public suffix, private section included. Names of what is known (CDNs, clouds, products with
 * tenants) stay names.
 */
export function generaliseNames(names: readonly string[], atLeast: number): Generalised {
  const found: { wildcards: Wildcard[]; names: string[] } = { wildcards: [], names: [] };
  for (const [domain, group] of groupBy([...new Set(names)].sort(), registrableOf)) {
    const isLeft = domain === '' || findKnownDestination(domain) !== null;
    const { wildcards, names: left } = isLeft ? { wildcards: [], names: group } : narrow(group, atLeast);
    found.wildcards.push(...wildcards);
    found.names.push(...left);
  }
  return {
    wildcards: found.wildcards.sort((a, b) => (a.suffix < b.suffix ? -1 : 1)),
    names: found.names.sort(),
  };
}

function registrableOf(name: string): string {
  return registrableDomain(name) ?? '';
}

// All names lie in one registrable domain, and so does their common suffix.
function narrow(names: readonly string[], atLeast: number): Generalised {
  const suffix = commonSuffix(names);
  const below = names.filter((name) => name !== suffix);
  if (below.length < atLeast) return { wildcards: [], names };
  const groups = [...groupBy(below, (name) => labelAbove(name, suffix)).values()];
  const narrower = groups.filter((group) => group.length >= atLeast).map((group) => narrow(group, atLeast));
  const wildcards = narrower.flatMap((group) => group.wildcards);
  const rest = [
    ...groups.filter((group) => group.length < atLeast).flat(),
    ...narrower.flatMap((group) => group.names),
  ];
  const self = names.filter((name) => name === suffix);
  // What is left would need a wildcard of its own, which covers the narrower ones too.
  if (rest.length >= atLeast && mayBeWildcard(suffix)) return { wildcards: [{ suffix, names: below }], names: self };
  return { wildcards, names: [...self, ...rest] };
}

function mayBeWildcard(suffix: string): boolean {
  return registrableDomain(suffix) !== null && !isPublicSuffix(suffix) && !hasPublicSuffixBelow(suffix);
}

/** The longest suffix of whole labels that all names have: `a.b.example.com` and `c.b.example.com` give `b.example.com`. */
function commonSuffix(names: readonly string[]): string {
  const [first = '', ...others] = names.map((name) => name.split('.').reverse());
  const labels = [...first];
  let length = labels.length;
  for (const other of others) {
    let same = 0;
    while (same < length && other[same] === labels[same]) same += 1;
    length = same;
  }
  return labels.slice(0, length).reverse().join('.');
}

function labelAbove(name: string, suffix: string): string {
  const above = name.slice(0, name.length - suffix.length - 1);
  return above.slice(above.lastIndexOf('.') + 1);
}

function groupBy(names: readonly string[], keyOf: (name: string) => string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const key = keyOf(name);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [name]);
    else known.push(name);
  }
  return groups;
}
