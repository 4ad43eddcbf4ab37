import type { Entry } from '../../src/audit/index.ts';
import type { Commit, KeptAnswer, Ledger, NewView, View, ViewQuery } from '../../src/exceptions/index.ts';

/** What a ledger must answer, said as plainly as can be: everything in arrays, every question a filter. */
export interface LedgerModel {
  readonly entries: readonly Entry[];
  /** The entries that a commit adds, or `ledger_conflict`. */
  commit(commit: Commit): readonly Entry[] | 'ledger_conflict';
  list(query: Parameters<Ledger['entries']>[0]): readonly Entry[];
  view(kind: string, id: string): View | null;
  views(query: ViewQuery): readonly View[];
  keptAnswer(actor: string, key: string, nowMs: number): KeptAnswer | null;
}

/** Makes an empty model. */
export function createLedgerModel(): LedgerModel {
  const entries: Entry[] = [];
  const views = new Map<string, View>();
  const answers = new Map<string, KeptAnswer>();
  const keptAnswer: LedgerModel['keptAnswer'] = (actor, key, nowMs) => {
    const kept = answers.get(`${actor} ${key}`);
    return kept !== undefined && kept.untilMs > nowMs ? kept : null;
  };
  return {
    entries,
    commit: (commit) => {
      const lastOf = (subject: string): number | null =>
        entries.findLast((entry) => entry.subject === subject)?.seq ?? null;
      if (commit.expected.some(({ subject, seq }) => lastOf(subject) !== seq)) return 'ledger_conflict';
      const timeMs = Math.max(commit.nowMs, ...entries.slice(-1).map((entry) => Date.parse(entry.time)));
      const { answer } = commit;
      if (answer !== null && keptAnswer(answer.actor, answer.key, timeMs) !== null) return 'ledger_conflict';
      const time = new Date(timeMs).toISOString();
      const added = commit.entries.map((entry, at): Entry => ({ v: 1, seq: entries.length + at, time, ...entry }));
      entries.push(...added);
      for (const view of commit.views) views.set(`${view.kind} ${view.id}`, { ...view, seq: lastSeqFor(view, added) });
      if (answer !== null) answers.set(`${answer.actor} ${answer.key}`, answer);
      return added;
    },
    list: (query) => listEntries(entries, query),
    view: (kind, id) => views.get(`${kind} ${id}`) ?? null,
    views: (query) => listViews([...views.values()], query),
    keptAnswer,
  };
}

function lastSeqFor(view: NewView, added: readonly Entry[]): number {
  const own = added.filter((entry) => entry.subject === `${view.kind}/${view.id}`);
  return (own.length > 0 ? own : added).at(-1)?.seq ?? 0;
}

function listEntries(entries: readonly Entry[], query: Parameters<Ledger['entries']>[0]): readonly Entry[] {
  const { subject, actor, actionPrefix = '', sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, after, order } = query;
  const actorOf = (entry: Entry): string =>
    entry.actor.kind === 'person' ? `person/${entry.actor.id}` : `system/${entry.actor.part}`;
  const isWanted = (entry: Entry): boolean =>
    (subject === undefined || entry.subject === subject) &&
    (actor === undefined || actorOf(entry) === actor) &&
    entry.action.startsWith(actionPrefix) &&
    Date.parse(entry.time) >= sinceMs &&
    Date.parse(entry.time) < untilMs &&
    (after === null || (order === 'oldest' ? entry.seq > after : entry.seq < after));
  const found = entries.filter(isWanted);
  return (order === 'oldest' ? found : found.reverse()).slice(0, Math.min(query.most, 1_000));
}

function listViews(views: readonly View[], query: ViewQuery): readonly View[] {
  const { kind, owner, service, domain, person, sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, after, order } = query;
  const asked = Object.entries({ owner, service, domain, person }).filter(([, value]) => value !== undefined);
  const isWanted = ({ kind: own, id, keys }: View): boolean =>
    own === kind &&
    asked.every(([key, value]) => keys[key as 'owner'] === value) &&
    keys.untilMs >= sinceMs &&
    keys.fromMs <= untilMs &&
    (after === null || (order === 'oldest' ? id > after : id < after));
  const found = views.filter(isWanted).sort((left, right) => (left.id < right.id ? -1 : 1));
  return (order === 'oldest' ? found : found.reverse()).slice(0, Math.min(query.most, 1_000));
}
