import type { ChangeAnswer } from '../../api/contract/index.ts';
import type { Entry } from '../../audit/index.ts';
import type { ControlActs } from './assemble-acts.ts';

const changedMs = 24 * 3_600_000;
// What a person reads in one go; the log of acts has all of them.
const mostShown = 10;
// What opens or closes a way out. Requests that wait, notes and reviews change none.
const widened = new Set(['exception.granted', 'exception.declared', 'exception.learned', 'exception.resumed']);
const narrowed = new Set(['exception.revoked', 'exception.suspended', 'exception.closed']);
// Of a busy day, those that are looked at to find ten that matter.
const mostRead = 200;

/** What was changed within a day, the newest first: the policy, and what opened or ended by exceptions. */
export async function listChanges(
  { ledger, standing }: Pick<ControlActs, 'ledger' | 'standing'>,
  nowMs: number,
): Promise<readonly ChangeAnswer[]> {
  const read = (actionPrefix: string, most: number): Promise<readonly Entry[]> =>
    ledger.entries({ actionPrefix, sinceMs: nowMs - changedMs, after: null, order: 'newest', most });
  const [policy, exceptions] = await Promise.all([read('policy.changed', mostShown), read('exception.', mostRead)]);
  // The points confirm an end after it was asked for: that is told once.
  const revoked = new Set(exceptions.flatMap((one) => (one.action === 'exception.revoked' ? one.subject : [])));
  const acts = exceptions.filter(
    ({ action, subject }) =>
      (widened.has(action) || narrowed.has(action)) && !(action === 'exception.closed' && revoked.has(subject)),
  );
  return [...policy, ...acts]
    .sort((one, other) => other.seq - one.seq)
    .slice(0, mostShown)
    .map((entry) => toChange(entry, standing));
}

function toChange(
  { seq, time, actor, action, subject, details }: Entry,
  standing: ControlActs['standing'],
): ChangeAnswer {
  const spec = standing.exceptions.get(subject.slice(subject.indexOf('/') + 1))?.spec;
  const count = (name: string): number | null => (typeof details[name] === 'number' ? details[name] : null);
  return {
    ...{ seq, time, action, subject },
    actor: actor.kind === 'person' ? actor.id : `(${actor.part})`,
    service: spec?.service ?? null,
    to: spec?.to ?? null,
    added: count('addedCount'),
    removed: count('removedCount'),
  };
}
