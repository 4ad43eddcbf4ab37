import type { Entry, NewEntry } from '../../src/audit/index.ts';
import type { Commit, NewView } from '../../src/exceptions/index.ts';

/** The first of December 2026, noon, UTC. */
export const noonMs: number = Date.UTC(2026, 11, 1, 12);

/** The encoding of tests: the members of an entry in one order. */
export function encodeForTest({ v, seq, time, actor, subject, action, details }: Entry): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ v, seq, time, actor, subject, action, details }));
}

/** An entry of a person or, named with a slash (`system/control`), of a part of the product. */
export function entryOf(subject: string, action = 'exception.submitted', actor = 'ana'): NewEntry {
  const part = /^system\/(.+)$/.exec(actor)?.[1];
  return {
    subject,
    action,
    actor:
      part === undefined ? { kind: 'person', id: actor, via: 'token', credential: 'tok1' } : { kind: 'system', part },
    details: { reason: 'the new bank is not in the policy yet', caps: { bytesUp: 1_048_576, bytesDown: null } },
  };
}

/** A commit of entries, with whatever else is given. */
export function commitOf(entries: readonly NewEntry[], rest: Partial<Commit> = {}): Commit {
  return { nowMs: noonMs, entries, views: [], expected: [], answer: null, ...rest };
}

/** A view of an exception: in force for an hour from noon, unless said otherwise. */
export function viewOf(id: string, keys: Partial<NewView['keys']> = {}, body: NewView['body'] = {}): NewView {
  const none = { owner: null, service: null, domain: null, person: null };
  return {
    kind: 'exception',
    id,
    keys: { ...none, fromMs: noonMs, untilMs: noonMs + 3_600_000, ...keys },
    body,
  };
}
