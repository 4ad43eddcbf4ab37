import type { Actor, Entry, NewEntry } from '../audit/index.ts';
import type { Digest, Result } from '../base/index.ts';
import { parsePolicyTarget } from '../destination/index.ts';
import {
  createExceptionFacts,
  type ExceptionFacts,
  type FindExceptionFacts,
  parsePolicyFiles,
} from '../policy/index.ts';
import {
  changePeople,
  type Directory,
  type ExceptionCommand,
  type ExceptionFault,
  type ExceptionSpec,
  type ExceptionState,
  foldException,
  foldKey,
  foldPasskey,
  foldPerson,
  foldSetupLink,
  foldToken,
  lookAt,
  type PeopleCommand,
  type PeopleTransition,
  type Role,
  type Transition,
  transition,
  type World,
} from './index.ts';
import { scopesOf } from './people/person.ts';

export const secondMs = 1_000;
export const minuteMs: number = 60 * secondMs;
export const hourMs: number = 60 * minuteMs;
export const dayMs: number = 24 * hourMs;

/** The morning of every town: 2026-11-02T09:00:00Z. */
export const morningMs: number = Date.UTC(2026, 10, 2, 9);

/** One service in a known domain, a vault that is somebody else's, a paste site that is outside the boundary. */
export const townPolicy = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api", "credential:payments-batch" ]
allow: [ { to: bank-gateway.example.com:443, reason: card settlement } ]
---
apiVersion: exeat/v1
destinations: vaults
owner: team-vault
class: secret-manager
members: [ "*.vault.example.net:443" ]
---
apiVersion: exeat/v1
owner: team-network
segments: { backends: { ranges: [ 10.60.0.0/16 ] } }
---
apiVersion: exeat/v1
owner: team-security
boundary: { deny: [ { to: "paste.example.org:*", reason: paste sites } ] }
`;

/** Who lives in a town, made two months ago so that nobody is linked any more. */
const settlers: Readonly<Record<string, { readonly roles: readonly Role[]; readonly owns?: readonly string[] }>> = {
  cara: { roles: ['requester'], owns: ['team-payments'] },
  dan: { roles: ['approver', 'requester'] },
  eve: { roles: ['security'] },
  finn: { roles: ['auditor'] },
  gus: { roles: ['requester'] },
  vera: { roles: ['requester'], owns: ['team-vault'] },
};

/** A town: its log, its clock, and what is folded from the log. Nothing else is kept, so that every look is a replay. */
export interface Town {
  nowMs: number;
  readonly log: Entry[];
  policy: string;
  policyVersion: string;
  readonly digest: Digest;
}

/** Settles a town: `ada` (admin) and `ben` (approver) by founding links, the others made by `ada` two months before the morning. */
export function settle(digest: Digest): Town {
  const town: Town = { nowMs: morningMs - 60 * dayMs, log: [], policy: townPolicy, policyVersion: 'sha256:01', digest };
  found(town, 'admin', 'ada');
  found(town, 'approver', 'ben');
  for (const [id, { roles, owns = [] }] of Object.entries(settlers)) admit(town, id, roles, owns);
  town.nowMs = morningMs;
  return town;
}

/** Lets `ada` make a person with a token that carries what the roles do. */
export function admit(town: Town, id: string, roles: readonly Role[], owns: readonly string[] = []): void {
  must(change(town, 'ada', { kind: 'create_person', id, name: id, roles, owns }));
  must(change(town, 'ada', tokenFor(town, id, `${id}-token`)));
}

/** The command that makes a token of everything that a person may. */
export function tokenFor(town: Town, person: string, id: string): Extract<PeopleCommand, { kind: 'create_token' }> {
  const owner = directoryOf(town).people.get(person);
  const carried = owner === undefined ? [] : [...scopesOf(owner)];
  const expiresAtMs = town.nowMs + 300 * dayMs;
  return {
    kind: 'create_token',
    id,
    person,
    name: 'laptop',
    scopes: carried,
    secretHash: 'ab'.repeat(32),
    expiresAtMs,
  };
}

/** Enrolls a break-glass key `<id>-key`; 44 characters of it differ by person. */
export function enroll(town: Town, person: string, by = 'ada'): void {
  const tail = [...person]
    .map((letter) => letter.charCodeAt(0).toString(16))
    .join('')
    .padEnd(43, 'A')
    .slice(0, 43);
  must(change(town, by, { kind: 'enroll_key', id: `${person}-key`, person, publicKey: `MCowBQYDK2VwAyEA${tail}=` }));
}

/** An act of somebody about people. */
export function change(town: Town, who: string, command: PeopleCommand): Result<PeopleTransition, ExceptionFault> {
  const done = changePeople(command, actorOf(who), { directory: directoryOf(town), nowMs: town.nowMs });
  if (done.ok) append(town, done.value.entries);
  return done;
}

/** An act of somebody (`ana`, `ana-key` for one by key, `control` for the product) on an exception, with all of the town known. */
export function act(
  town: Town,
  who: string,
  command: ExceptionCommand,
  id: string,
): Result<Transition, ExceptionFault> {
  const state = stateOf(town, id);
  const done = transition(command, state, { actor: actorOf(who), world: worldFor(town, command, state) });
  if (done.ok) append(town, done.value.entries);
  return done;
}

/** What is known to a command in a town. */
export function worldFor(town: Town, command: ExceptionCommand, state: ExceptionState | null): World {
  const spec = 'spec' in command ? command.spec : state?.spec;
  return {
    nowMs: town.nowMs,
    directory: directoryOf(town),
    facts: spec === undefined ? null : factsOf(town, spec),
    related: statesOf(town),
    points: ['proxy-1'],
    sequence: 7,
    digest: town.digest,
  };
}

/** What the policy of a town says of a spec; null where the target cannot be read. */
export function factsOf(town: Town, spec: ExceptionSpec): ExceptionFacts | null {
  const target = parsePolicyTarget(spec.to);
  if (!target.ok) return null;
  return finderOf(town)({ service: spec.service, target: target.value, via: spec.via });
}

/** Approves what stands there now. */
export function approveNow(
  town: Town,
  who: string,
  id: string,
  narrowing: object = {},
): Result<Transition, ExceptionFault> {
  return act(town, who, approvalOf(town, id, narrowing), id);
}

/** The approval of what stands there now. */
export function approvalOf(town: Town, id: string, narrowing: object = {}): ExceptionCommand {
  return { kind: 'approve', ...lookNow(town, id), narrowing, note: 'looked at it' };
}

/** What whoever decides looks at now. */
export function lookNow(town: Town, id: string): { readonly digest: string; readonly policyVersion: string } {
  const state = stateOf(town, id);
  const facts = state === null ? null : factsOf(town, state.spec);
  if (state === null || facts === null) return { digest: '', policyVersion: '' };
  return { digest: lookAt(state, facts, town.digest).digest, policyVersion: facts.policyVersion };
}

/** Something ordinary to ask for: two hours of one host in a known domain. */
export function specOf(changes: Partial<ExceptionSpec> = {}): ExceptionSpec {
  return {
    relaxes: 'reach',
    service: 'payments-api',
    identity: null,
    to: 'files.example.com:443',
    via: [],
    durationMs: 2 * hourMs,
    startAtMs: null,
    bytesUp: null,
    bytesDown: null,
    reason: 'upload of the yearly report',
    owner: 'team-payments',
    beneficiary: 'cara',
    ticket: null,
    extends: null,
    denial: null,
    ...changes,
  };
}

/** An exception as its entries tell of it. */
export function stateOf(town: Town, id: string): ExceptionState | null {
  return foldException(town.log.filter(({ subject }) => subject === `exception/${id}`));
}

/** Every exception of a town. */
export function statesOf(town: Town): readonly ExceptionState[] {
  return [...new Set(subjectsOf(town, 'exception'))].flatMap((id) => stateOf(town, id) ?? []);
}

/** Everybody of a town, with what they act by. */
export function directoryOf(town: Town): Directory {
  const fold = <T>(kind: string, folded: (entries: readonly Entry[]) => T | null): ReadonlyMap<string, T> => {
    const bySubject = Map.groupBy(
      town.log.filter(({ subject }) => subject.startsWith(`${kind}/`)),
      ({ subject }) => subject.slice(kind.length + 1),
    );
    const pairs = [...bySubject].map(([id, entries]) => [id, folded(entries)] as const);
    return new Map(pairs.flatMap(([id, value]) => (value === null ? [] : [[id, value] as const])));
  };
  return {
    people: fold('person', foldPerson),
    tokens: fold('token', foldToken),
    keys: fold('key', foldKey),
    passkeys: fold('passkey', foldPasskey),
  };
}

/** Adds entries at the end of the log, as the ledger does. */
export function append(town: Town, entries: readonly NewEntry[]): void {
  for (const entry of entries) {
    const time = new Date(town.nowMs).toISOString();
    town.log.push(structuredCloneOf({ v: 1, seq: town.log.length, time, ...entry }));
  }
}

/** Who acts by a name: `control` is the product, `ana-key` is `ana` with her key, everybody else has a token. */
export function actorOf(who: string): Actor {
  if (who === 'control' || who === 'setup') return { kind: 'system', part: who };
  if (who.endsWith('-passkey')) return { kind: 'person', id: who.slice(0, -8), via: 'passkey', credential: who };
  if (who.endsWith('-key')) return { kind: 'person', id: who.slice(0, -4), via: 'key', credential: who };
  return { kind: 'person', id: who, via: 'token', credential: `${who}-token` };
}

/** The value of an outcome that a test takes for granted. */
export function must<T>(outcome: Result<T, ExceptionFault>): T {
  if (!outcome.ok) throw new TypeError(`refused: ${outcome.fault.code}: ${outcome.fault.message}`);
  return outcome.value;
}

/** The code of a refusal, or `done`. */
export function codeOf(outcome: Result<unknown, ExceptionFault>): string {
  return outcome.ok ? 'done' : outcome.fault.code;
}

function found(town: Town, role: 'admin' | 'approver', id: string): void {
  const expiresAtMs = town.nowMs + dayMs;
  must(
    change(town, 'setup', { kind: 'offer_setup', id: `link-${id}`, role, secretHash: 'cd'.repeat(32), expiresAtMs }),
  );
  const link = foldSetupLink(town.log.filter(({ subject }) => subject === `setup/link-${id}`));
  if (link === null) throw new TypeError('no link');
  const token = { id: `${id}-token`, secretHash: 'ef'.repeat(32), expiresAtMs: town.nowMs + 300 * dayMs };
  must(change(town, 'setup', { kind: 'use_setup', link, id, name: id, token, key: null }));
}

function subjectsOf(town: Town, kind: string): readonly string[] {
  return town.log.flatMap(({ subject }) => (subject.startsWith(`${kind}/`) ? [subject.slice(kind.length + 1)] : []));
}

const finders = new Map<string, FindExceptionFacts>();

function finderOf({ policy, policyVersion }: Town): FindExceptionFacts {
  const key = `${policyVersion} ${policy}`;
  const finder =
    finders.get(key) ?? createExceptionFacts(parsePolicyFiles([{ path: 'p.yaml', text: policy }]).tree, policyVersion);
  finders.set(key, finder);
  return finder;
}

/** Through JSON, so that an entry that is not plain data shows. */
function structuredCloneOf(entry: Entry): Entry {
  return JSON.parse(JSON.stringify(entry)) as Entry;
}
