import type { WhoRow } from './edge.ts';
import type { LeaseObservation } from './observation.ts';

/** When the instances of a principal began, as exports of pods and machines tell it; there is none for a principal that no export covers. */
export interface SeenStarts {
  readonly principal: string;
  /** Epoch milliseconds, ascending, each instant once: the addresses of one pod begin together. */
  readonly startsMs: readonly number[];
}

/**
 * Finds the starts of principals: a lease of a pod or machine that says when it began, held by who the address was then. A principal is
 * covered, though with no start, where somebody else had the address at first and it held it later.
 */
export function findStarts(leases: readonly LeaseObservation[], who: readonly WhoRow[]): readonly SeenStarts[] {
  const principals = who.filter(({ role }) => role === 'principal');
  const rowsOf = Map.groupBy(principals, ({ client }) => client);
  const starts = new Map<string, Set<number>>();
  for (const lease of leases) {
    for (const row of rowsOf.get(lease.address) ?? []) {
      const span = spanOf(lease);
      if (span === null || row.untilMs <= span.fromMs || row.fromMs >= span.untilMs) continue;
      const known = starts.get(row.principal) ?? new Set<number>();
      starts.set(row.principal, known);
      if (row.fromMs <= span.fromMs) known.add(span.fromMs);
    }
  }
  return [...starts]
    .map(([principal, instants]) => ({ principal, startsMs: [...instants].sort((a, b) => a - b) }))
    .sort((a, b) => (a.principal < b.principal ? -1 : 1));
}

/** Null where a lease says nothing of an instance's start. */
function spanOf({ origin, fromMs, untilMs }: LeaseObservation): { fromMs: number; untilMs: number } | null {
  const isInstance = origin === 'kubernetes' || origin === 'cloud';
  return isInstance && fromMs !== null ? { fromMs, untilMs: untilMs ?? Number.POSITIVE_INFINITY } : null;
}
