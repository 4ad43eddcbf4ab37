import type { Entry, NewEntry } from '../audit/index.ts';

/** An entry as folding reads it: what happened, by whom, and when (epoch milliseconds), without its place. */
export interface Act extends Pick<NewEntry, 'action' | 'actor' | 'details'> {
  readonly atMs: number;
}

/** An entry of the log as an act. */
export function actOf({ action, actor, details, time }: Entry): Act {
  return { action, actor, details, atMs: Date.parse(time) };
}

/** Entries that are about to be written, as the acts that they will be. The ledger gives them the time of the commit. */
export function actsOf(entries: readonly NewEntry[], nowMs: number): readonly Act[] {
  return entries.map(({ action, actor, details }) => ({ action, actor, details, atMs: nowMs }));
}

/** The person who acted, null where a part of the product did. */
export function personOf({ actor }: Pick<Act, 'actor'>): string | null {
  return actor.kind === 'person' ? actor.id : null;
}
