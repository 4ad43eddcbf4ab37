import { clockResetAction, type Entry } from '../../audit/index.ts';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import type { Commit, KeptAnswer, LedgerFaultCode, NewView } from '../../exceptions/index.ts';
import { type EncodeEntry, entryRow, placeEntries } from './entry-rows.ts';
import type { LedgerQueries } from './ledger-tables.ts';
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
  for (const entry of entries) await tx.insertInto('entry').values(entryRow(entry, encode)).execute();
  for (const view of commit.views) await writeView(tx, view, lastSeqFor(view, entries));
  if (commit.answer !== null) await keepAnswer(tx, commit.answer);
  await pruneAnswers(tx, nowMs);
  return ok(entries);
}

async function readLast(tx: LedgerQueries): Promise<{ readonly seq: number; readonly time_ms: number } | undefined> {
  return await tx.selectFrom('entry').select(['seq', 'time_ms']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
}

/** Puts a view in the place of the one before. */
export async function writeView(tx: LedgerQueries, view: NewView, seq: number): Promise<void> {
  const { kind, id, ...rest } = viewRow({ ...view, seq });
  await tx
    .insertInto('view')
    .values({ kind, id, ...rest })
    .onConflict((conflict) => conflict.columns(['kind', 'id']).doUpdateSet(rest))
    .execute();
}

async function findOtherWriter(tx: LedgerQueries, commit: Commit): Promise<Fault<LedgerFaultCode> | null> {
  for (const { subject, seq } of commit.expected) {
    const last = await tx
      .selectFrom('entry')
      .select('seq')
      .where('subject', '=', subject)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    if ((last?.seq ?? null) !== seq) {
      return fault('ledger_conflict', `\`${subject}\` was changed by somebody else meanwhile, read it again`);
    }
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

// A view holds the entries of the subject of its own name (`exception/01J…`) and, where it has none here, all of the commit.
function lastSeqFor(view: NewView, entries: readonly Entry[]): number {
  const own = entries.findLast((entry) => entry.subject === `${view.kind}/${view.id}`) ?? entries.at(-1);
  if (own === undefined) throw new TypeError(`a commit of view \`${view.kind}/${view.id}\` has no entry`);
  return own.seq;
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
