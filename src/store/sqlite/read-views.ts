import { type SelectQueryBuilder, sql } from 'kysely';
import type { JsonValue } from '../../audit/index.ts';
import type { KeptAnswer, View, ViewKind, ViewQuery } from '../../exceptions/index.ts';
import type { LedgerQueries, LedgerTables } from './ledger-tables.ts';
import { viewFromRow } from './view-rows.ts';

type ViewSelect<T> = SelectQueryBuilder<LedgerTables, 'view', T>;

/** The most views of one page. */
const maxPage = 1_000;
// Up to this many are chosen by their time and sorted (a few ms); more than that are met soon enough on the way by id.
const fewBySpan = 20_000;

/** One view, or null. */
export async function readView(db: LedgerQueries, kind: ViewKind, id: string): Promise<View | null> {
  const row = await db.selectFrom('view').selectAll().where('kind', '=', kind).where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : viewFromRow(row);
}

/** A page of views in the order of their ids (which are made with the time); at most 1,000 whatever is asked. */
export async function readViews(db: LedgerQueries, query: ViewQuery): Promise<readonly View[]> {
  const rows = await db
    .selectFrom('view')
    .selectAll()
    .where('kind', '=', query.kind)
    .where('id', 'in', choosePage(db.selectFrom('view').select('id'), query, await isBySpan(db, query)))
    .orderBy('id', directionOf(query))
    .execute();
  return rows.map(viewFromRow);
}

/** Ids and places of the same page. */
export async function readViewHeads(db: LedgerQueries, query: ViewQuery): Promise<readonly Pick<View, 'id' | 'seq'>[]> {
  return await choosePage(db.selectFrom('view').select(['id', 'seq']), query, await isBySpan(db, query)).execute();
}

/** Views by their ids. */
export async function readViewsOf(db: LedgerQueries, kind: ViewKind, ids: readonly string[]): Promise<readonly View[]> {
  if (ids.length === 0) return [];
  // One parameter however many ids there are, so that there is one statement.
  const wanted = sql<string>`(select value from json_each(${JSON.stringify(ids.slice(0, maxPage))}))`;
  const rows = await db.selectFrom('view').selectAll().where('kind', '=', kind).where('id', 'in', wanted).execute();
  return rows.map(viewFromRow);
}

function choosePage<T>(select: ViewSelect<T>, query: ViewQuery, bySpan: boolean): ViewSelect<T> {
  return narrow(select, query, bySpan)
    .orderBy(bySpan ? sql`+id` : sql`id`, directionOf(query))
    .limit(Math.min(query.most, maxPage));
}

async function isBySpan(db: LedgerQueries, query: ViewQuery): Promise<boolean> {
  return !isByKey(query) && query.sinceMs !== undefined && (await isFewSince(db, query.kind, query.sinceMs));
}

function directionOf({ order }: ViewQuery): 'asc' | 'desc' {
  return order === 'oldest' ? 'asc' : 'desc';
}

/** The answer that was kept for a request, while it is kept. */
export async function readKeptAnswer(
  db: LedgerQueries,
  of: { readonly actor: string; readonly key: string },
  nowMs: number,
): Promise<KeptAnswer | null> {
  const row = await db
    .selectFrom('kept_answer')
    .selectAll()
    .where('actor', '=', of.actor)
    .where('key', '=', of.key)
    .where('until_ms', '>', nowMs)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { until_ms: untilMs, body, ...rest } = row;
  return { ...rest, body: JSON.parse(body) as JsonValue, untilMs };
}

function isByKey({ owner, service, domain, person }: ViewQuery): boolean {
  return [owner, service, domain, person].some((key) => key !== undefined);
}

// A plus keeps SQLite from using an index for a column (sqlite.org/optoverview.html): by time, what is chosen is sorted by id; else
// the way goes by id, and times are only looked at.
function narrow<T>(select: ViewSelect<T>, query: ViewQuery, bySpan: boolean): ViewSelect<T> {
  const until = bySpan ? sql<number>`until_ms` : sql<number>`+until_ms`;
  let narrowed = select.where('kind', '=', query.kind);
  for (const key of ['owner', 'service', 'domain', 'person'] as const) {
    const value = query[key];
    if (value !== undefined) narrowed = narrowed.where(key, '=', value);
  }
  if (query.sinceMs !== undefined) narrowed = narrowed.where(until, '>=', query.sinceMs);
  if (query.untilMs !== undefined) narrowed = narrowed.where('from_ms', '<=', query.untilMs);
  if (query.after === null) return narrowed;
  return narrowed.where('id', query.order === 'oldest' ? '>' : '<', query.after);
}

async function isFewSince(db: LedgerQueries, kind: ViewKind, sinceMs: number): Promise<boolean> {
  const some = await db
    .selectFrom('view')
    .select('kind')
    .where('kind', '=', kind)
    .where('until_ms', '>=', sinceMs)
    .offset(fewBySpan)
    .limit(1)
    .execute();
  return some.length === 0;
}
