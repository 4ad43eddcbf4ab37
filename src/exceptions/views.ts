import type { Entry, NewEntry } from '../audit/index.ts';
import { actOf, actsOf } from './act.ts';
import type { NewView, ViewKeys, ViewQuery } from './ledger.ts';
import { capWindowMs } from './lifecycle/caps.ts';
import type { ExceptionState } from './lifecycle/exception-state.ts';
import { foldException } from './lifecycle/fold-exception.ts';
import { endOf } from './lifecycle/status.ts';
import type { AccessWorld } from './people/authorise.ts';
import { applyToKey, applyToPasskey, applyToPerson, applyToToken } from './people/fold-people.ts';
import { linkPeople } from './people/linked-people.ts';
import type { BreakGlassKey, Directory, Passkey, Person, Token } from './people/person.ts';
import { toDetails } from './plain-details.ts';
import type { ExceptionSpec } from './spec/exception-spec.ts';
import { scopeDomainOf } from './spec/scope-domain.ts';

/** What no time ends: a duty that stands until somebody does it, or an account. */
export const foreverMs: number = Number.MAX_SAFE_INTEGER;

/**
 * The view of an exception. Its time reaches until nothing counts it any more: waiting, caps of 90 days, closing, review. `domain` is that of
 * its target where it is known.
 */
export function exceptionView(state: ExceptionState, domain: string | null = null): NewView {
  const { id, spec, requester, requestedAtMs } = state;
  const keys: ViewKeys = {
    owner: spec.owner,
    service: spec.service,
    domain: domain ?? scopeDomainOf(spec.to),
    person: requester,
    fromMs: Math.min(requestedAtMs, state.grant?.notBeforeMs ?? requestedAtMs),
    untilMs: mattersUntil(state),
  };
  return { kind: 'exception', id, keys, body: toDetails(state) };
}

/** An exception out of its view's body. */
export function exceptionOf(view: Pick<NewView, 'body'>): ExceptionState {
  return view.body as unknown as ExceptionState;
}

/** A person out of their view's body. */
export function personOfView(view: Pick<NewView, 'body'>): Person {
  return view.body as unknown as Person;
}

/** A token out of its view's body. */
export function tokenOfView(view: Pick<NewView, 'body'>): Token {
  return view.body as unknown as Token;
}

/** A break-glass key out of its view's body. */
export function keyOfView(view: Pick<NewView, 'body'>): BreakGlassKey {
  return view.body as unknown as BreakGlassKey;
}

/** A passkey out of its view's body. */
export function passkeyOfView(view: Pick<NewView, 'body'>): Passkey {
  return view.body as unknown as Passkey;
}

/** A directory after acts about people: what it was, with their views in place. */
export function directoryAfter(directory: Directory, views: readonly NewView[]): Directory {
  const people = new Map(directory.people);
  const tokens = new Map(directory.tokens);
  const keys = new Map(directory.keys);
  const passkeys = new Map(directory.passkeys);
  for (const view of views) {
    if (view.kind === 'person') people.set(view.id, personOfView(view));
    if (view.kind === 'token') tokens.set(view.id, tokenOfView(view));
    if (view.kind === 'key') keys.set(view.id, keyOfView(view));
    if (view.kind === 'passkey') passkeys.set(view.id, passkeyOfView(view));
  }
  return { people, tokens, keys, passkeys };
}

/** The views after acts about people, one of each subject that has them. */
export function viewsOfPeople(entries: readonly NewEntry[], { directory, nowMs }: AccessWorld): readonly NewView[] {
  const bySubject = Map.groupBy(entries, ({ subject }) => subject);
  return [...bySubject].flatMap(([subject, own]) => {
    const acts = actsOf(own, nowMs);
    const [kind, id] = splitSubject(subject);
    if (kind === 'person') return viewOf(kind, acts.reduce(applyToPerson, directory.people.get(id) ?? null));
    if (kind === 'token') return viewOf(kind, acts.reduce(applyToToken, directory.tokens.get(id) ?? null));
    if (kind === 'passkey') return viewOf(kind, acts.reduce(applyToPasskey, directory.passkeys.get(id) ?? null));
    return kind === 'key' ? viewOf(kind, acts.reduce(applyToKey, directory.keys.get(id) ?? null)) : [];
  });
}

/** The views that the entries of one subject make: none for subjects that have no view. For making views anew. */
export function foldSubject(subject: string, entries: readonly Entry[]): readonly NewView[] {
  const [kind] = splitSubject(subject);
  const acts = entries.map(actOf);
  switch (kind) {
    case 'exception': {
      const state = foldException(entries);
      return state === null ? [] : [exceptionView(state)];
    }
    case 'person':
      return viewOf(kind, acts.reduce(applyToPerson, null));
    case 'token':
      return viewOf(kind, acts.reduce(applyToToken, null));
    case 'key':
      return viewOf(kind, acts.reduce(applyToKey, null));
    case 'passkey':
      return viewOf(kind, acts.reduce(applyToPasskey, null));
    default:
      return [];
  }
}

/**
 * What to ask views for, so that `World.related` of a request holds every exception that counts: those to its domain within 90 days, and
 * those of whoever asks and is linked to them. Page through all of each; the one that it extends is asked for by its id.
 */
export function relatedQueries(
  spec: Pick<ExceptionSpec, 'to'>,
  requester: string,
  { directory, nowMs }: AccessWorld,
): readonly Pick<ViewQuery, 'kind' | 'domain' | 'person' | 'sinceMs'>[] {
  const people = linkPeople(directory, nowMs).membersOf(requester);
  return [
    { kind: 'exception', domain: scopeDomainOf(spec.to), sinceMs: nowMs },
    ...people.map((person) => ({ kind: 'exception', person, sinceMs: nowMs }) as const),
  ];
}

function viewOf(
  kind: Exclude<NewView['kind'], 'exception'>,
  state: Person | Token | BreakGlassKey | Passkey | null,
): readonly NewView[] {
  if (state === null) return [];
  const person = 'person' in state ? state.person : state.id;
  const fromMs = beginOf(state);
  const keys = { owner: null, service: null, domain: null, person, fromMs, untilMs: foreverMs };
  return [{ kind, id: state.id, keys, body: toDetails(state) }];
}

function beginOf(state: Person | Token | BreakGlassKey | Passkey): number {
  if ('registeredAtMs' in state) return state.registeredAtMs;
  return 'enrolledAtMs' in state ? state.enrolledAtMs : state.createdAtMs;
}

function mattersUntil(state: ExceptionState): number {
  const end = endOf(state);
  if (end === null) return Math.min(state.ended?.atMs ?? foreverMs, state.pendingUntilMs);
  const owesReview = state.grant?.reviewWithinMs !== null && state.reviewed === null;
  return state.closed === null || owesReview ? foreverMs : end + capWindowMs;
}

function splitSubject(subject: string): readonly [kind: string, id: string] {
  const slash = subject.indexOf('/');
  return [subject.slice(0, slash), subject.slice(slash + 1)];
}
