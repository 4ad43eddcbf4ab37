import type { Actor, NewEntry } from '../../audit/index.ts';
import { type Fault, ok, type Result } from '../../base/index.ts';
import type { ExceptionFault } from '../fault.ts';
import type { Confirmed, ConfirmedBy } from '../people/confirmation.ts';
import { toDetails } from '../plain-details.ts';
import type { ExceptionDetails } from './fold-exception.ts';

/** What a guard lets through: entries, not yet placed. */
export type Outcome = Result<readonly NewEntry[], ExceptionFault>;

/** One entry about an exception; its details are those that folding reads. */
export function entryOf<A extends keyof ExceptionDetails>(
  id: string,
  action: A,
  details: ExceptionDetails[A],
  actor: Actor,
): NewEntry {
  return { subject: `exception/${id}`, action, actor, details: toDetails(details) };
}

/** Who confirmed it, as a part of details: nothing where nothing did. */
export function confirmedPart({ by }: Confirmed): { readonly confirmedBy?: ConfirmedBy } {
  return by === null ? {} : { confirmedBy: by };
}

/** One entry as the whole outcome. */
export function one<A extends keyof ExceptionDetails>(
  id: string,
  action: A,
  details: ExceptionDetails[A],
  actor: Actor,
): Outcome {
  return ok([entryOf(id, action, details, actor)]);
}

/**
 * A refused act as an entry, so that the log tells of it. It stands under a subject of its own: a refusal changes no state, and many of
 * them must not stand in the way of who acts rightly. `command` is the kind only; what was asked may hold anything.
 */
export function refusedEntry(subject: string, command: string, fault: Fault, actor: Actor): NewEntry {
  const details = { of: subject, command, code: fault.code, message: fault.message };
  return { subject: `refused/${subject}`, action: `${subject.split('/', 1)[0]}.refused`, actor, details };
}
