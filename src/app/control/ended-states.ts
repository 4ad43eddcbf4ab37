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
  const keep = ({ id, seq, body }: View): void => {
    kept.delete(id);
    kept.set(id, { seq, state: exceptionOf({ body }) });
    const oldest = kept.size > mostKept ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
  };
  return {
    of: async (heads) => {
      const missing = heads.filter(({ id, seq }) => kept.get(id)?.seq !== seq).map(({ id }) => id);
      const read = await ledger.viewsOf('exception', missing);
      for (const view of read) keep(view);
      const found = new Map(read.map(({ id, body }) => [id, exceptionOf({ body })]));
      return new Map(
        heads.flatMap(({ id }) => {
          const state = found.get(id) ?? kept.get(id)?.state;
          return state === undefined ? [] : [[id, state] as const];
        }),
      );
    },
  };
}
