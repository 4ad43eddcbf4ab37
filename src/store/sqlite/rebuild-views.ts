import type { Entry } from '../../audit/index.ts';
import type { NewView } from '../../exceptions/index.ts';
import { writeView } from './commit-entries.ts';
import type { LedgerQueries } from './ledger-tables.ts';
import { readEntriesOf } from './read-entries.ts';

/** Folds the entries of one subject, in order, into its views. Pure; what it gives depends on nothing else. */
export type FoldViews = (subject: string, entries: readonly Entry[]) => readonly NewView[];

// Other work of the process gets its turn after so many subjects (some ms).
const subjectsAtOnce = 32;

/**
 * Makes every view anew from entries, within a transaction of the caller, so that readers see the old ones until all new ones are there.
 * Holds the entries of one subject at a time. Gives the number of views.
 */
export async function rebuildViews(tx: LedgerQueries, fold: FoldViews): Promise<number> {
  await tx.deleteFrom('view').execute();
  let viewCount = 0;
  let subjectCount = 0;
  for (let subject = await nextSubject(tx, null); subject !== null; subject = await nextSubject(tx, subject)) {
    const entries = await readEntriesOf(tx, subject);
    const seq = entries.at(-1)?.seq ?? 0;
    for (const view of fold(subject, entries)) {
      await writeView(tx, view, seq);
      viewCount += 1;
    }
    subjectCount += 1;
    if (subjectCount % subjectsAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return viewCount;
}

async function nextSubject(tx: LedgerQueries, last: string | null): Promise<string | null> {
  const select = tx.selectFrom('entry').select('subject').orderBy('subject').limit(1);
  const row = await (last === null ? select : select.where('subject', '>', last)).executeTakeFirst();
  return row?.subject ?? null;
}
