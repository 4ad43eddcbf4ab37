import type { SelectQueryBuilder } from 'kysely';
import { clockResetAction, type Entry } from '../../audit/index.ts';
import type { Ledger } from '../../exceptions/index.ts';
import { entryFromBody } from './entry-rows.ts';
import type { LedgerQueries, LedgerTables } from './ledger-tables.ts';

type EntryQuery = Parameters<Ledger['entries']>[0];
type EntrySelect<T> = SelectQueryBuilder<LedgerTables, 'entry', T>;

/** The most entries of one page, by the port. */
const maxPage = 1_000;
/** The most leaves at a time, by the port. */
const maxLeaves = 10_000;

/** How many entries there are. */
export async function countEntries(db: LedgerQueries): Promise<number> {
  const last = await db.selectFrom('entry').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return (last?.seq ?? -1) + 1;
}

/** Leaves from `from` to before `until`; those that are not committed are left out. Throws a RangeError past the bound of the port. */
export async function readLeaves(db: LedgerQueries, from: number, until: number): Promise<readonly Uint8Array[]> {
  if (until - from > maxLeaves) throw new RangeError(`at most ${maxLeaves} leaves are read at a time`);
  const rows = await db
    .selectFrom('entry')
    .select('body')
    .where('seq', '>=', from)
    .where('seq', '<', until)
    .orderBy('seq')
    .execute();
  return rows.map((row) => row.body);
}

/** The entries of a subject in order. */
export async function readEntriesOf(db: LedgerQueries, subject: string): Promise<readonly Entry[]> {
  const rows = await db.selectFrom('entry').select('body').where('subject', '=', subject).orderBy('seq').execute();
  return rows.map((row) => entryFromBody(row.body));
}

/** A page of entries by place; at most 1,000 whatever is asked. */
export async function readEntries(db: LedgerQueries, query: EntryQuery): Promise<readonly Entry[]> {
  const page = { ...query, most: Math.min(query.most, maxPage) };
  const span = await spanOf(db, page);
  const isByActionAlone = page.actionPrefix !== undefined && page.subject === undefined && page.actor === undefined;
  const seqs = isByActionAlone ? await findByAction(db, page, span) : await findPlaces(db, page, span);
  if (seqs.length === 0) return [];
  const rows = await db
    .selectFrom('entry')
    .select('body')
    .where('seq', 'in', seqs)
    .orderBy('seq', page.order === 'oldest' ? 'asc' : 'desc')
    .execute();
  return rows.map((row) => entryFromBody(row.body));
}

/** Places from `first` to before `end`. */
interface Span {
  readonly first: number;
  readonly end: number;
}

// Times go back along the log only where the clock was set anew: without that a span of time is a span of places.
async function spanOf(db: LedgerQueries, query: EntryQuery): Promise<Span> {
  const isOldest = query.order === 'oldest';
  const isInOrder = !(await wasClockReset(db));
  const since = query.sinceMs === undefined || !isInOrder ? 0 : await firstPlaceAt(db, query.sinceMs);
  const until =
    query.untilMs === undefined || !isInOrder ? Number.MAX_SAFE_INTEGER : await firstPlaceAt(db, query.untilMs);
  const first = isOldest && query.after !== null ? Math.max(since, query.after + 1) : since;
  const end = !isOldest && query.after !== null ? Math.min(until, query.after) : until;
  return { first, end };
}

async function wasClockReset(db: LedgerQueries): Promise<boolean> {
  const select = db.selectFrom('entry').select('seq').where('action', '=', clockResetAction).limit(1);
  return (await select.executeTakeFirst()) !== undefined;
}

async function firstPlaceAt(db: LedgerQueries, timeMs: number): Promise<number> {
  const row = await db
    .selectFrom('entry')
    .select('seq')
    .where('time_ms', '>=', timeMs)
    .orderBy('time_ms')
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return row?.seq ?? Number.MAX_SAFE_INTEGER;
}

// The indexes by subject and by actor hold the action as well: what does not fit is passed over without being read.
async function findPlaces(db: LedgerQueries, query: EntryQuery, span: Span): Promise<readonly number[]> {
  const { subject, actor, actionPrefix } = query;
  let select = inSpan(db, query, span);
  if (subject !== undefined) select = select.where('subject', '=', subject);
  if (actor !== undefined) select = select.where('actor', '=', actor);
  if (actionPrefix !== undefined) {
    select = select.where('action', '>=', actionPrefix).where('action', '<', endOfPrefix(actionPrefix));
  }
  return (await select.execute()).map((row) => row.seq);
}

// Each action by itself is a stretch of the index in the order of places; kinds of actions are some dozens. A rare one among a
// million others is found as fast as a frequent one.
async function findByAction(db: LedgerQueries, query: EntryQuery, span: Span): Promise<readonly number[]> {
  const found: number[] = [];
  for (const action of await actionsWith(db, query.actionPrefix ?? '')) {
    const rows = await inSpan(db, query, span).where('action', '=', action).execute();
    for (const row of rows) found.push(row.seq);
  }
  found.sort((left, right) => (query.order === 'oldest' ? left - right : right - left));
  return found.slice(0, query.most);
}

async function actionsWith(db: LedgerQueries, prefix: string): Promise<readonly string[]> {
  const actions: string[] = [];
  const next = async (last: string | null): Promise<string | undefined> => {
    const select = db.selectFrom('entry').select('action').orderBy('action').limit(1);
    const after = last === null ? select.where('action', '>=', prefix) : select.where('action', '>', last);
    return (await after.executeTakeFirst())?.action;
  };
  for (let action = await next(null); action?.startsWith(prefix) === true; action = await next(action)) {
    actions.push(action);
  }
  return actions;
}

function inSpan(db: LedgerQueries, query: EntryQuery, span: Span): EntrySelect<{ seq: number }> {
  let select = db
    .selectFrom('entry')
    .select('seq')
    .where('seq', '>=', span.first)
    .where('seq', '<', span.end)
    .orderBy('seq', query.order === 'oldest' ? 'asc' : 'desc')
    .limit(query.most);
  if (query.sinceMs !== undefined) select = select.where('time_ms', '>=', query.sinceMs);
  if (query.untilMs !== undefined) select = select.where('time_ms', '<', query.untilMs);
  return select;
}

// SQLite compares texts by their UTF-8 bytes; nothing that starts with the prefix comes after it and the highest character.
function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
