import type { WhoRow } from '../edge.ts';
import type { PrincipalPair } from './compare-on-edges.ts';

/** Clients as two policies attribute them, as one list. */
export interface PairedPrincipals {
  readonly who: readonly WhoRow[];
  /** Who a principal of `who` is under each policy. */
  principalsOf(principal: string): PrincipalPair;
}

/**
 * Joins two attributions of the same clients: rows that agree stay, the others get a principal of their own that stands for both. The rows
 * of both match one to one, since only inventory and leases cut time.
 */
export function pairPrincipals(now: readonly WhoRow[], before: readonly WhoRow[]): PairedPrincipals {
  const pairs = new Map<string, PrincipalPair>();
  const who = now.map((row, at): WhoRow => {
    const other = before[at];
    if (other === undefined || other.principal === row.principal) return row;
    const principal = `\u0001${JSON.stringify([row.principal, other.principal])}`;
    pairs.set(principal, { now: row.principal, before: other.principal });
    // An address that one policy knows is nobody outside.
    const role = other.role === 'principal' ? other.role : row.role;
    return { ...row, principal, role };
  });
  return { who, principalsOf: (principal) => pairs.get(principal) ?? { now: principal, before: principal } };
}
