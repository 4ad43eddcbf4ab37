import { type ExceptionState, exceptionOf, type Ledger, type View } from '../../exceptions/index.ts';

/** Exceptions that no time reaches any more, as the ledger has them. Those that were asked for lately are at hand. */
export interface EndedStates {
  /** The states of views by their ids; `seq` says which one is meant. Those that are gone are left out. */
  of(heads: readonly Pick<View, 'id' | 'seq'>[]): Promise<ReadonlyMap<string, ExceptionState>>;
}

// A list is looked at again and again, page by page; some kilobytes each.
const mostKept = 2_000;

interface Kept {
  readonly seq: number;
  readonly state: ExceptionState;
}

/** Makes them over a ledger: what it holds is read once for each entry that it got. */
export function createEndedStates(ledger: Pick<Ledger, 'viewsOf'>): EndedStates {
  const kept = new Map<string, Kept>();
  const keep = (id: string, one: Kept): void => {
    kept.delete(id);
    kept.set(id, one);
    const oldest = kept.size > mostKept ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
  };
  return {
    of: async (heads) => {
      const missing = heads.filter(({ id, seq }) => kept.get(id)?.seq !== seq).map(({ id }) => id);
      const read = await ledger.viewsOf('exception', missing);
      const found = new Map(read.map((view) => [view.id, { seq: view.seq, state: exceptionOf(view) }]));
      for (const [id, one] of found) keep(id, one);
      return new Map(
        heads.flatMap(({ id }) => {
          const one = found.get(id) ?? kept.get(id);
          return one === undefined ? [] : [[id, one.state] as const];
        }),
      );
    },
  };
}
