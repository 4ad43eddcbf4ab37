import {
  type BreakGlassKey,
  type Directory,
  type ExceptionState,
  exceptionOf,
  keyOfView,
  type Ledger,
  type NewView,
  type Person,
  personOfView,
  scopeDomainOf,
  type Token,
  tokenOfView,
  type View,
  type ViewKind,
} from '../../../exceptions/index.ts';

/** Everybody, and every exception that may still matter: what decisions about acts are made from, folded and at hand. */
export interface Standing {
  readonly directory: Directory;
  readonly exceptions: ReadonlyMap<string, ExceptionState>;
  /** The last entry of a subject that is held here, null where none is. */
  seqOf(kind: ViewKind, id: string): number | null;
  /** Exceptions to a domain, and those that one of `people` asked for. */
  related(domain: string, people: readonly string[]): readonly ExceptionState[];
  /** Takes what an act made of its subjects. */
  take(views: readonly NewView[], seq: number): void;
  /** Puts an exception here that was read from the ledger; it stays until it is let go. */
  hold(view: View): ExceptionState;
  /** Lets go of what no time reaches any more. */
  prune(nowMs: number): void;
}

const viewsAtOnce = 500;

/** Reads everybody and everything that may still matter. `nowMs` is epoch milliseconds. */
export async function loadStanding(ledger: Ledger, nowMs: number): Promise<Standing> {
  const standing = createStanding();
  for (const kind of ['person', 'token', 'key'] as const) {
    for await (const view of pages(ledger, { kind })) standing.take([view], view.seq);
  }
  for await (const view of pages(ledger, { kind: 'exception', sinceMs: nowMs })) standing.take([view], view.seq);
  return standing;
}

/** Every view of a kind, page by page. */
export async function* pages(
  ledger: Ledger,
  query: { readonly kind: ViewKind; readonly sinceMs?: number },
): AsyncGenerator<View> {
  let after: string | null = null;
  for (;;) {
    const views: readonly View[] = await ledger.views({ ...query, order: 'oldest', after, most: viewsAtOnce });
    yield* views;
    after = views.at(-1)?.id ?? null;
    if (views.length < viewsAtOnce) return;
  }
}

interface Held {
  readonly state: ExceptionState;
  readonly untilMs: number;
}

/** Nobody and nothing. */
export function createStanding(): Standing {
  const people = new Map<string, Person>();
  const tokens = new Map<string, Token>();
  const keys = new Map<string, BreakGlassKey>();
  const held = new Map<string, Held>();
  const exceptions = new Map<string, ExceptionState>();
  const seqs = new Map<string, number>();
  const takeOne = (view: NewView, seq: number): void => {
    seqs.set(`${view.kind}/${view.id}`, seq);
    if (view.kind === 'person') people.set(view.id, personOfView(view));
    if (view.kind === 'token') tokens.set(view.id, tokenOfView(view));
    if (view.kind === 'key') keys.set(view.id, keyOfView(view));
    if (view.kind !== 'exception') return;
    const state = exceptionOf(view);
    held.set(view.id, { state, untilMs: view.keys.untilMs });
    exceptions.set(view.id, state);
  };
  return {
    directory: { people, tokens, keys },
    exceptions,
    seqOf: (kind, id) => seqs.get(`${kind}/${id}`) ?? null,
    related: (domain, names) =>
      [...exceptions.values()].filter(
        ({ spec, requester }) => scopeDomainOf(spec.to) === domain || names.includes(requester),
      ),
    take: (views, seq) => {
      for (const view of views) takeOne(view, seq);
    },
    hold: (view) => {
      takeOne(view, view.seq);
      return exceptionOf(view);
    },
    prune: (nowMs) => {
      for (const [id, { untilMs }] of held) {
        if (untilMs >= nowMs) continue;
        held.delete(id);
        exceptions.delete(id);
        seqs.delete(`exception/${id}`);
      }
    },
  };
}
