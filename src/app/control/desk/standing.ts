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
  readonly untilMs: number;
  readonly domain: string;
  readonly requester: string;
}

/** Ids by what they are found by. */
type Finder = Map<string, Set<string>>;

/** Nobody and nothing. */
export function createStanding(): Standing {
  const people = new Map<string, Person>();
  const tokens = new Map<string, Token>();
  const keys = new Map<string, BreakGlassKey>();
  const held = new Map<string, Held>();
  // Every act asks what counts together with it: among ten thousand, looking at each would cost more than the act.
  const byDomain: Finder = new Map();
  const byRequester: Finder = new Map();
  const exceptions = new Map<string, ExceptionState>();
  const seqs = new Map<string, number>();
  const takeOne = (view: NewView, seq: number): void => {
    seqs.set(`${view.kind}/${view.id}`, seq);
    if (view.kind === 'person') people.set(view.id, personOfView(view));
    if (view.kind === 'token') tokens.set(view.id, tokenOfView(view));
    if (view.kind === 'key') keys.set(view.id, keyOfView(view));
    if (view.kind !== 'exception') return;
    const state = exceptionOf(view);
    const { untilMs, domain, person } = view.keys;
    const now = { untilMs, domain: domain ?? '', requester: person ?? '' };
    forget(view.id);
    held.set(view.id, now);
    find(byDomain, now.domain).add(view.id);
    find(byRequester, now.requester).add(view.id);
    exceptions.set(view.id, state);
  };
  const forget = (id: string): void => {
    const before = held.get(id);
    if (before === undefined) return;
    leave(byDomain, before.domain, id);
    leave(byRequester, before.requester, id);
    held.delete(id);
  };
  return {
    directory: { people, tokens, keys },
    exceptions,
    seqOf: (kind, id) => seqs.get(`${kind}/${id}`) ?? null,
    related: (domain, names) => {
      const ids = [byDomain.get(domain), ...names.map((name) => byRequester.get(name))].flatMap((set) => [
        ...(set ?? []),
      ]);
      return [...new Set(ids)].flatMap((id) => exceptions.get(id) ?? []);
    },
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
        forget(id);
        exceptions.delete(id);
        seqs.delete(`exception/${id}`);
      }
    },
  };
}

function find(finder: Finder, key: string): Set<string> {
  const found = finder.get(key) ?? new Set();
  finder.set(key, found);
  return found;
}

function leave(finder: Finder, key: string, id: string): void {
  const left = finder.get(key);
  left?.delete(id);
  if (left?.size === 0) finder.delete(key);
}
