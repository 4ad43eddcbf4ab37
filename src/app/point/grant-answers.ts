import { ExeatError, type Result } from '../../base/index.ts';
import type { Answerers } from '../local-socket.ts';
import type { PointAssembly } from './assemble-point.ts';
import { parseSignedBreakGlass } from './break-glass.ts';
import { parseEndAsk } from './grant-holder.ts';

/** What the answers about grants are made of. */
export type GrantAnswerParts = Pick<
  PointAssembly,
  'grants' | 'budgets' | 'breakGlass' | 'listener' | 'gateway' | 'runs' | 'recheckAll' | 'clock'
>;

/** What the point says of its grants: for control, which closes an exception when no connection is left. */
export interface PointGrants {
  /** Of the list in force; null before there is one. */
  readonly sequence: number | null;
  /** Live connections by the grant that justifies them; only grants that justify any. */
  readonly liveByGrant: Readonly<Record<string, number>>;
  /** Grants whose budget is spent. */
  readonly spent: readonly string[];
}

/**
 * The questions about grants: `apply-grants` (gives the sequence in force), `grants`, `end-grants` (`{ ids, why, sequence }`, gives `{ isKept }`),
 * `break-glass-challenge`, `break-glass-apply`, `clock` and `reset-clock`. Whatever changes what is justified is answered when live
 * connections were judged again.
 */
export function createGrantAnswers(parts: GrantAnswerParts): Answerers {
  const { grants, budgets, breakGlass, listener, gateway, runs, recheckAll, clock } = parts;
  return {
    'apply-grants': async () => {
      const sequence = unwrap(await grants.apply());
      await recheckAll();
      return { sequence };
    },
    grants: (): PointGrants => ({
      sequence: grants.sequence(),
      liveByGrant: sumOf([listener.liveByGrant(), runs.liveByGrant(), gateway?.listener.liveByGrant() ?? new Map()]),
      spent: [...budgets.spent],
    }),
    'end-grants': async (body) => {
      const keeping = grants.end(unwrap(parseEndAsk(body)));
      await recheckAll();
      return { isKept: await keeping };
    },
    'break-glass-challenge': () => breakGlass.challenge(),
    'break-glass-apply': (body) => {
      const grant = unwrap(breakGlass.apply(unwrap(parseSignedBreakGlass(body)), grants.offline()));
      grants.take(grant);
      return { grantId: grant.id, notAfter: grant.notAfter };
    },
    clock: () => ({ now: clock.now(), jumpMs: clock.jumpMs() }),
    'reset-clock': async () => {
      const { fromMs, toMs } = clock.reset();
      const isKept = await grants.endAll(fromMs, toMs);
      return { fromMs, toMs, isKept };
    },
  };
}

function sumOf(maps: readonly ReadonlyMap<string, number>[]): Readonly<Record<string, number>> {
  const all = new Map<string, number>();
  for (const [id, count] of maps.flatMap((map) => [...map])) all.set(id, (all.get(id) ?? 0) + count);
  return Object.fromEntries(all);
}

function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new ExeatError(result.fault.code, result.fault.message);
}
