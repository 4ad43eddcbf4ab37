import { foreverMs, type KeptAnswer, type Ledger } from '../../../exceptions/index.ts';
import type { PendingAct, PendingActs } from './pending-acts.ts';
import type { Standing } from './standing.ts';

// INVARIANT: an act that waited is written once. A kill may come after the commit that writes it and before the file is without it: the commit
// keeps an answer under the act's id, so that the ledger itself refuses a second one.

// No person has this name: their ids have no slash.
const actor = 'system/control';

/** The answer that is kept in the commit of an act that waited. It stays for as long as an old file may come back. */
export function answerOfPending({ id }: PendingAct): KeptAnswer {
  return { actor, key: id, digest: '', status: 200, body: null, untilMs: foreverMs };
}

/** Lets what waits since before this start count, but what is in the log already: others may have acted on that since. */
export async function restorePending(
  {
    ledger,
    standing,
    pending,
  }: { readonly ledger: Ledger; readonly standing: Standing; readonly pending: PendingActs },
  nowMs: number,
): Promise<void> {
  const written = new Set<string>();
  for (const { id, views } of pending.acts) {
    if ((await ledger.keptAnswer(actor, id, nowMs)) !== null) written.add(id);
    else standing.foresee(views);
  }
  if (written.size > 0) pending.drop(written);
}
