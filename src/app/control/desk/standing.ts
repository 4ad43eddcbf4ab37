import {
  type BreakGlassKey,
  type Directory,
  type ExceptionState,
  exceptionOf,
  keyOfView,
  type Ledger,
  type NewView,
  type Passkey,
  type Person,
  passkeyOfView,
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
  /** The domain that an exception at hand is found by, null where it is not at hand. */
  domainOf(id: string): string | null;
  /** Takes what an act made of its subjects. */
  take(views: readonly NewView[], seq: number): void;
  /** Takes what an act is about to make of its subjects: their last entries are those that they had. */
  foresee(views: readonly NewView[]): void;
  /** Puts an exception here that was read from the ledger; it stays until it is let go. */
  hold(view: View): ExceptionState;
  /** Lets go of what no time reaches any more. */
  prune(nowMs: number): void;
}

const viewsAtOnce = 500;

/** Reads everybody and everything that may still matter. `nowMs` is epoch milliseconds. */
export async function loadStanding(ledger: Ledger, nowMs: number): Promise<Standing> {
  const standing = createStanding();
  for (const kind of ['person', 'token', 'key', 'passkey'] as const) {
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
  const passkeys = new Map<string, Passkey>();
  const held = createHeld();
  const exceptions = new Map<string, ExceptionState>();
  const seqs: Readonly<Record<ViewKind, Map<string, number>>> = {
    exception: new Map(),
    person: new Map(),
    token: new Map(),
    key: new Map(),
    passkey: new Map(),
  };
  // One act may take ten thousand while everybody waits for what it ends.
  const takeOne = (view: NewView): void => {
    if (view.kind === 'person') people.set(view.id, personOfView(view));
    if (view.kind === 'token') tokens.set(view.id, tokenOfView(view));
    if (view.kind === 'key') keys.set(view.id, keyOfView(view));
    if (view.kind === 'passkey') passkeys.set(view.id, passkeyOfView(view));
    if (view.kind !== 'exception') return;
    const state = exceptionOf(view);
    const { untilMs, domain, person } = view.keys;
    held.put(view.id, { untilMs, domain: domain ?? '', requester: person ?? '' });
    exceptions.set(view.id, state);
  };
  return {
    directory: { people, tokens, keys, passkeys },
    exceptions,
    seqOf: (kind, id) => seqs[kind].get(id) ?? null,
    domainOf: held.domainOf,
    related: (domain, names) => held.find(domain, names).flatMap((id) => exceptions.get(id) ?? []),
    take: (views, seq) => {
      for (const view of views) {
        seqs[view.kind].set(view.id, seq);
        takeOne(view);
      }
    },
    foresee: (views) => {
      for (const view of views) takeOne(view);
    },
    hold: (view) => {
      seqs.exception.set(view.id, view.seq);
      takeOne(view);
      return exceptionOf(view);
    },
    prune: (nowMs) => {
      for (const id of held.over(nowMs)) {
        held.forget(id);
        exceptions.delete(id);
        seqs.exception.delete(id);
      }
    },
  };
}

/** Ids of exceptions, by what they are found by. */
interface HeldIds {
  put(id: string, held: Held): void;
  forget(id: string): void;
  domainOf(id: string): string | null;
  /** Those of a domain, and those that one of some people asked for, each once. */
  find(domain: string, requesters: readonly string[]): readonly string[];
  /** Those that no time reaches any more. */
  over(nowMs: number): readonly string[];
}

// Every act asks what counts together with it: among ten thousand, looking at each would cost more than the act.
function createHeld(): HeldIds {
  const all = new Map<string, Held>();
  const byDomain: Finder = new Map();
  const byRequester: Finder = new Map();
  const lose = (id: string, { domain, requester }: Held): void => {
    leave(byDomain, domain, id);
    leave(byRequester, requester, id);
  };
  return {
    put: (id, held) => {
      const before = all.get(id);
      all.set(id, held);
      // Most acts leave what it is found by as it is.
      if (before?.domain === held.domain && before.requester === held.requester) return;
      if (before !== undefined) lose(id, before);
      find(byDomain, held.domain).add(id);
      find(byRequester, held.requester).add(id);
    },
    forget: (id) => {
      const before = all.get(id);
      if (before !== undefined) lose(id, before);
      all.delete(id);
    },
    domainOf: (id) => all.get(id)?.domain ?? null,
    find: (domain, requesters) => {
      const sets = [byDomain.get(domain), ...requesters.map((requester) => byRequester.get(requester))];
      return [...new Set(sets.flatMap((set) => [...(set ?? [])]))];
    },
    over: (nowMs) => [...all].filter(([, { untilMs }]) => untilMs < nowMs).map(([id]) => id),
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
