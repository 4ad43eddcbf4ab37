import type { Entry } from '../../audit/index.ts';
import { type Act, actOf, personOf } from '../act.ts';
import type { BreakGlassKey, Handling, Passkey, Person, Role, Scope, SetupLink, Token } from './person.ts';

/** What entries about people say, by action. Replaying them gives the same people. */
export interface PeopleDetails {
  readonly 'person.created': {
    readonly id: string;
    readonly name: string;
    readonly roles: readonly Role[];
    readonly owns: readonly string[];
  };
  readonly 'person.changed': {
    readonly name: string;
    readonly roles: readonly Role[];
    readonly owns: readonly string[];
  };
  readonly 'person.linked': { readonly other: string };
  readonly 'token.created': {
    readonly id: string;
    readonly person: string;
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly secretHash: string;
    readonly expiresAtMs: number;
  };
  readonly 'token.reset': { readonly secretHash: string; readonly expiresAtMs: number };
  readonly 'key.enrolled': { readonly id: string; readonly person: string; readonly publicKey: string };
  readonly 'passkey.registered': Pick<
    Passkey,
    'id' | 'person' | 'name' | 'credentialId' | 'publicKey' | 'signCount' | 'transports' | 'isProven'
  >;
  readonly 'passkey.named': { readonly name: string };
  readonly 'passkey.used': { readonly for: string; readonly signCount: number };
  readonly 'passkey.removed': { readonly how: NonNullable<Passkey['removedHow']> };
  readonly 'setup.offered': {
    readonly id: string;
    readonly role: SetupLink['role'];
    readonly secretHash: string;
    readonly expiresAtMs: number;
  };
  readonly 'setup.used': { readonly person: string };
}

/** The person whom entries of `person/…` tell of, or null before they were created. */
export function foldPerson(entries: readonly Entry[]): Person | null {
  return entries.map(actOf).reduce(applyToPerson, null as Person | null);
}

/** The token that entries of `token/…` tell of, or null. */
export function foldToken(entries: readonly Entry[]): Token | null {
  return entries.map(actOf).reduce(applyToToken, null as Token | null);
}

/** The key that entries of `key/…` tell of, or null. */
export function foldKey(entries: readonly Entry[]): BreakGlassKey | null {
  return entries.map(actOf).reduce(applyToKey, null as BreakGlassKey | null);
}

/** The passkey that entries of `passkey/…` tell of, or null. */
export function foldPasskey(entries: readonly Entry[]): Passkey | null {
  return entries.map(actOf).reduce(applyToPasskey, null as Passkey | null);
}

/** The founding link that entries of `setup/…` tell of, or null. */
export function foldSetupLink(entries: readonly Entry[]): SetupLink | null {
  return entries.map(actOf).reduce(applyToSetupLink, null as SetupLink | null);
}

/** A person after one more act. */
export function applyToPerson(person: Person | null, act: Act): Person | null {
  if (act.action === 'person.created') return createPerson(act);
  if (person === null) return null;
  switch (act.action) {
    case 'person.changed':
      return { ...person, ...detailsOf(act, 'person.changed') };
    case 'person.disabled':
      return { ...person, disabledAtMs: act.atMs };
    // Whoever enables an account that was off may have given it to somebody.
    case 'person.enabled':
      return { ...person, disabledAtMs: null, handledBy: noteHandling(person.handledBy, person.id, act) };
    case 'person.linked':
      return { ...person, linked: [...new Set([...person.linked, detailsOf(act, 'person.linked').other])].sort() };
    case 'person.unlinked': {
      const { other } = act.details as unknown as PeopleDetails['person.linked'];
      return { ...person, linked: person.linked.filter((id) => id !== other) };
    }
    default:
      return person;
  }
}

/** A token after one more act. */
export function applyToToken(token: Token | null, act: Act): Token | null {
  if (act.action === 'token.created') return createToken(act);
  if (token === null) return null;
  switch (act.action) {
    case 'token.reset':
      return {
        ...token,
        ...detailsOf(act, 'token.reset'),
        handledBy: noteHandling(token.handledBy, token.person, act),
      };
    case 'token.revoked':
      return { ...token, revokedAtMs: token.revokedAtMs ?? act.atMs };
    default:
      return token;
  }
}

/** A key after one more act. */
export function applyToKey(key: BreakGlassKey | null, act: Act): BreakGlassKey | null {
  if (act.action === 'key.enrolled') {
    const enrolled = detailsOf(act, 'key.enrolled');
    return { ...enrolled, enrolledAtMs: act.atMs, enrolledBy: personOf(act) ?? enrolled.person, revokedAtMs: null };
  }
  return key !== null && act.action === 'key.revoked' ? { ...key, revokedAtMs: key.revokedAtMs ?? act.atMs } : key;
}

/** A passkey after one more act. */
export function applyToPasskey(passkey: Passkey | null, act: Act): Passkey | null {
  if (act.action === 'passkey.registered') return registerPasskey(act);
  if (passkey === null) return null;
  const handledBy = noteHandling(passkey.handledBy, passkey.person, act);
  switch (act.action) {
    case 'passkey.named':
      return { ...passkey, name: detailsOf(act, 'passkey.named').name };
    case 'passkey.used':
      return { ...passkey, signCount: detailsOf(act, 'passkey.used').signCount, lastUsedAtMs: act.atMs };
    case 'passkey.enrolled':
      return { ...passkey, enrolledBy: personOf(act), handledBy };
    case 'passkey.removed':
      return { ...passkey, removedAtMs: act.atMs, removedHow: detailsOf(act, 'passkey.removed').how, handledBy };
    default:
      return passkey;
  }
}

/** A founding link after one more act. */
export function applyToSetupLink(link: SetupLink | null, act: Act): SetupLink | null {
  if (act.action === 'setup.offered')
    return { ...detailsOf(act, 'setup.offered'), createdAtMs: act.atMs, usedAtMs: null, usedBy: null };
  return link !== null && act.action === 'setup.used'
    ? { ...link, usedAtMs: act.atMs, usedBy: detailsOf(act, 'setup.used').person }
    : link;
}

function createPerson(act: Act): Person {
  const created = detailsOf(act, 'person.created');
  return {
    ...created,
    createdAtMs: act.atMs,
    createdBy: personOf(act),
    disabledAtMs: null,
    linked: [],
    handledBy: noteHandling([], created.id, act),
  };
}

function registerPasskey(act: Act): Passkey {
  return {
    ...detailsOf(act, 'passkey.registered'),
    registeredAtMs: act.atMs,
    ...{ lastUsedAtMs: null, enrolledBy: null, removedAtMs: null, removedHow: null, handledBy: [] },
  };
}

function createToken(act: Act): Token {
  const created = detailsOf(act, 'token.created');
  return {
    ...created,
    createdAtMs: act.atMs,
    createdBy: personOf(act),
    revokedAtMs: null,
    handledBy: noteHandling([], created.person, act),
  };
}

/** Notes that somebody else had their hands on it; one row for each of them, with the last time. */
function noteHandling(handled: readonly Handling[], owner: string, act: Act): readonly Handling[] {
  const person = personOf(act);
  if (person === null || person === owner) return handled;
  return [...handled.filter((each) => each.person !== person), { person, atMs: act.atMs }];
}

/** The details of an act by its action: entries of this room are written by this room only. */
function detailsOf<A extends keyof PeopleDetails>(act: Act, _action: A): PeopleDetails[A] {
  return act.details as unknown as PeopleDetails[A];
}
