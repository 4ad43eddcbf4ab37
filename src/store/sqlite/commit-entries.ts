import { sql } from 'kysely';
import { clockResetAction, type Entry } from '../../audit/index.ts';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import type { Commit, KeptAnswer, LedgerFaultCode, NewView } from '../../exceptions/index.ts';
import { type EncodeEntry, entryRow, placeEntries } from './entry-rows.ts';
import type { LedgerQueries, LedgerTables } from './ledger-tables.ts';
import { viewRow } from './view-rows.ts';

/** What a commit comes to: the entries in their places, or the fault of another writer who was first. */
export type Committed = Result<readonly Entry[], Fault<LedgerFaultCode>>;

/**
 * Writes a commit, within a transaction of the caller. INVARIANT: entries take the next places and never an earlier time than the
 * last one (but where the clock was set anew), wherever the clock of the writer stands. Throws what SQLite throws; the caller rolls back.
 */
export async function commitEntries(tx: LedgerQueries, commit: Commit, encode: EncodeEntry): Promise<Committed> {
  const last = await readLast(tx);
  // Only a person who set the clock anew, and said so, takes time back.
  const isReset = commit.entries[0]?.action === clockResetAction;
  const nowMs = isReset ? commit.nowMs : Math.max(commit.nowMs, last?.time_ms ?? commit.nowMs);
  const conflict = (await findOtherWriter(tx, commit)) ?? (await findOtherAnswer(tx, commit.answer, nowMs));
  if (conflict !== null) return failed(conflict);
  const entries = placeEntries(commit.entries, (last?.seq ?? -1) + 1, nowMs);
  for (const rows of batches(entries.map((entry) => entryRow(entry, encode)))) {
    await tx.insertInto('entry').values(rows).execute();
  }
  await writeViews(tx, commit.views, entries);
  if (commit.answer !== null) await keepAnswer(tx, commit.answer);
  await pruneAnswers(tx, nowMs);
  return ok(entries);
}

async function readLast(tx: LedgerQueries): Promise<{ readonly seq: number; readonly time_ms: number } | undefined> {
  return await tx.selectFrom('entry').select(['seq', 'time_ms']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
}

// One statement costs more than what it writes; a person on whom thousands of grants hang is disabled by one commit.
const rowsAtOnce = 64;

/** Full batches, and what is left one by one: two texts of a statement, however much there is. */
function* batches<T>(all: readonly T[]): Generator<readonly T[]> {
  const full = all.length - (all.length % rowsAtOnce);
  for (let from = 0; from < full; from += rowsAtOnce) yield all.slice(from, from + rowsAtOnce);
  for (const one of all.slice(full)) yield [one];
}

/** Puts a view in the place of the one before. */
export async function writeView(tx: LedgerQueries, view: NewView, seq: number): Promise<void> {
  await putViewRows(tx, [viewRow({ ...view, seq })], allButName);
}

// A view holds the entries of the subject of its own name (`exception/01J…`) and, where it has none here, all of the commit. What it is found by
// seldom changes, and SQLite writes every index of a column that a statement sets, changed or not: six of them cost five times what the row costs.
async function writeViews(tx: LedgerQueries, views: readonly NewView[], entries: readonly Entry[]): Promise<void> {
  const lastSeqs = new Map(entries.map(({ subject, seq }) => [subject, seq]));
  // Of two views of one subject the last one stands.
  const named = new Map<string, ViewRow>();
  for (const view of views) {
    const name = `${view.kind}/${view.id}`;
    const seq = lastSeqs.get(name) ?? entries.at(-1)?.seq;
    if (seq === undefined) throw new TypeError(`a commit of view \`${name}\` has no entry`);
    named.set(name, viewRow({ ...view, seq }));
  }
  const rows = [...named.values()];
  const known = rows.length === 0 ? nothingKnown : await readKeys(tx, rows);
  const isAsFound = (row: ViewRow): boolean => known.get(row.id)?.some((keys) => hasKeys(row, keys)) === true;
  for (const batch of batches(rows.filter(isAsFound))) await putViewRows(tx, batch, ['seq', 'body']);
  for (const batch of batches(rows.filter((row) => !isAsFound(row)))) await putViewRows(tx, batch, allButName);
}

type ViewRow = LedgerTables['view'];

const keyColumns = ['kind', 'owner', 'service', 'domain', 'person', 'from_ms', 'until_ms'] as const;
const allButName = ['seq', 'owner', 'service', 'domain', 'person', 'from_ms', 'until_ms', 'body'] as const;

type KeyRow = Pick<ViewRow, 'id' | (typeof keyColumns)[number]>;

const nothingKnown: ReadonlyMap<string, readonly KeyRow[]> = new Map();

/** What views of these ids are found by now. One parameter however many there are, so that there is one statement. */
async function readKeys(tx: LedgerQueries, rows: readonly ViewRow[]): Promise<typeof nothingKnown> {
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  const ids = sql<string>`(select value from json_each(${JSON.stringify(rows.map(({ id }) => id))}))`;
  const select = tx.selectFrom('view').select(['id', ...keyColumns]);
  const found = await select.where('kind', 'in', kinds).where('id', 'in', ids).execute();
  return Map.groupBy(found, ({ id }) => id);
}

function hasKeys(row: ViewRow, keys: KeyRow): boolean {
  return keyColumns.every((column) => row[column] === keys[column]);
}

async function putViewRows(
  tx: LedgerQueries,
  rows: readonly ViewRow[],
  columns: readonly (typeof allButName)[number][],
): Promise<void> {
  await tx
    .insertInto('view')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['kind', 'id'])
        .doUpdateSet(({ ref }) => Object.fromEntries(columns.map((column) => [column, ref(`excluded.${column}`)]))),
    )
    .execute();
}

async function findOtherWriter(tx: LedgerQueries, commit: Commit): Promise<Fault<LedgerFaultCode> | null> {
  for (const batch of batches(commit.expected)) {
    const subjects = batch.map(({ subject }) => subject);
    const rows = await tx
      .selectFrom('entry')
      .select(({ fn }) => ['subject', fn.max('seq').as('seq')])
      .where('subject', 'in', subjects)
      .groupBy('subject')
      .execute();
    const seqs = new Map(rows.map(({ subject, seq }) => [subject, seq]));
    const other = batch.find(({ subject, seq }) => (seqs.get(subject) ?? null) !== seq);
    if (other === undefined) continue;
    return fault('ledger_conflict', `\`${other.subject}\` was changed by somebody else meanwhile, read it again`);
  }
  return null;
}

// The same request twice at the same time: the second must find the answer of the first, and not act again.
async function findOtherAnswer(
  tx: LedgerQueries,
  answer: KeptAnswer | null,
  nowMs: number,
): Promise<Fault<LedgerFaultCode> | null> {
  if (answer === null) return null;
  const kept = await tx
    .selectFrom('kept_answer')
    .select('until_ms')
    .where('actor', '=', answer.actor)
    .where('key', '=', answer.key)
    .executeTakeFirst();
  if (kept === undefined || kept.until_ms <= nowMs) return null;
  return fault('ledger_conflict', 'the same request was answered meanwhile, read its kept answer');
}

async function keepAnswer(tx: LedgerQueries, answer: KeptAnswer): Promise<void> {
  const { actor, key, digest, status, body, untilMs } = answer;
  const row = { digest, status, body: JSON.stringify(body), until_ms: untilMs };
  await tx
    .insertInto('kept_answer')
    .values({ actor, key, ...row })
    .onConflict((conflict) => conflict.columns(['actor', 'key']).doUpdateSet(row))
    .execute();
}

// A few at each commit: more leave than come, and no commit waits for a long cleaning.
const prunedAtOnce = 16;

async function pruneAnswers(tx: LedgerQueries, nowMs: number): Promise<void> {
  const over = await tx
    .selectFrom('kept_answer')
    .select(['actor', 'key'])
    .where('until_ms', '<=', nowMs)
    .orderBy('until_ms')
    .limit(prunedAtOnce)
    .execute();
  for (const { actor, key } of over) {
    await tx.deleteFrom('kept_answer').where('actor', '=', actor).where('key', '=', key).execute();
  }
}
