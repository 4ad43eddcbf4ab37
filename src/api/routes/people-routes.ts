import type { Actor } from '../../audit/index.ts';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import {
  type BreakGlassKey,
  isLiveToken,
  type LinkedPeople,
  linkPeople,
  type PeopleCommand,
  type Person,
  type Token,
} from '../../exceptions/index.ts';
import type { Answered, Call, Handlers } from '../call.ts';
import type { Endpoints, KeyAnswer, NewTokenAnswer, PersonAnswer, TokenAnswer } from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';
import { callerOf } from './exception-routes.ts';
import { instant } from './instants.ts';
import { pageOfList } from './page-of-list.ts';

type Ids =
  | 'claimSetup'
  | 'whoAmI'
  | 'listPeople'
  | 'createPerson'
  | 'changePerson'
  | 'disablePerson'
  | 'enablePerson'
  | 'linkPeople'
  | 'unlinkPeople'
  | 'listTokens'
  | 'createToken'
  | 'resetToken'
  | 'revokeToken'
  | 'listKeys'
  | 'enrolKey'
  | 'revokeKey';

type AnyCall = Pick<Call<unknown, unknown, unknown>, 'caller' | 'ifMatch' | 'once'>;

/** How long the token of a founding link lives: until its person makes another one. */
const foundingTokenMs = 30 * 86_400_000;

/** The handlers of people, tokens and keys. */
export function peopleRoutes(ports: ApiPorts): Pick<Handlers<Endpoints>, Ids> {
  const person = (call: AnyCall, id: string, command: PeopleCommand): Promise<Result<Answered<PersonAnswer>>> =>
    acted(ports, call, { id, command, kind: 'person', show: showPerson });
  const token = (call: AnyCall, id: string, command: PeopleCommand): Promise<Result<Answered<TokenAnswer>>> =>
    acted(ports, call, { id, command, kind: 'token', show: showToken });
  const key = (call: AnyCall, id: string, command: PeopleCommand): Promise<Result<Answered<KeyAnswer>>> =>
    acted(ports, call, { id, command, kind: 'key', show: showKey });
  return {
    claimSetup: ({ body }) => claimSetup(ports, body),
    whoAmI: async (call) => {
      const caller = callerOf(call);
      const shown = showPerson(ports, caller.person);
      return shown === null ? missing : ok({ body: { person: shown, scopes: caller.scopes } });
    },
    listPeople: async ({ query }) =>
      pageOfList('people', [...ports.directory().people.keys()], query, (id) => showPerson(ports, id)),
    createPerson: (call) => person(call, call.body.id, { kind: 'create_person', ...call.body }),
    changePerson: async (call) => {
      const known = ports.directory().people.get(call.params.id);
      if (known === undefined) return missing;
      const { name = known.name, roles = known.roles, owns = known.owns } = call.body;
      return person(call, known.id, { kind: 'change_person', id: known.id, name, roles, owns });
    },
    disablePerson: (call) => {
      const { id } = call.params;
      return person(call, id, { kind: 'disable_person', id, reason: call.body.reason });
    },
    enablePerson: (call) => {
      const { id } = call.params;
      return person(call, id, { kind: 'enable_person', id, reason: call.body.reason });
    },
    linkPeople: (call) => {
      const { id } = call.params;
      return person(call, id, { kind: 'link_people', id, other: call.body.to, reason: call.body.reason });
    },
    unlinkPeople: (call) => {
      const { id } = call.params;
      return person(call, id, { kind: 'unlink_people', id, other: call.body.to, reason: call.body.reason });
    },
    listTokens: async ({ query }) => {
      const ids = [...ports.directory().tokens.values()].flatMap(({ id, person: of }) =>
        query.person === undefined || query.person === of ? [id] : [],
      );
      return pageOfList(`tokens ${query.person ?? ''}`, ids, query, (id) => showToken(ports, id));
    },
    createToken: (call) => createToken(ports, call),
    resetToken: (call) => resetToken(ports, call),
    revokeToken: (call) => token(call, call.params.id, { kind: 'revoke_token', id: call.params.id }),
    listKeys: async ({ query }) =>
      pageOfList('keys', [...ports.directory().keys.keys()], query, (id) => showKey(ports, id)),
    enrolKey: (call) => {
      const id = ports.newId(ports.clock.now());
      return key(call, id, { kind: 'enroll_key', id, ...call.body });
    },
    revokeKey: (call) => key(call, call.params.id, { kind: 'revoke_key', id: call.params.id }),
  };
}

const missing: Result<never> = failed(fault('not_found', 'there is no such person, token or key'));

interface PeopleAct<A> {
  readonly id: string;
  readonly command: PeopleCommand;
  readonly kind: 'person' | 'token' | 'key';
  readonly show: (ports: ApiPorts, id: string) => A | null;
}

async function acted<A>(ports: ApiPorts, call: AnyCall, act: PeopleAct<A>): Promise<Result<Answered<A>>> {
  const { ifMatch, once } = call;
  const { command, kind, show } = act;
  const outcome = await ports.actOnPeople({ id: act.id, command, actor: callerOf(call).actor, ifMatch, once });
  if (!outcome.ok) return outcome;
  const { id, isDurable, isConfirmed, isReplay } = outcome.value;
  const body = show(ports, id);
  const seq = ports.seqOf(kind, id);
  return body === null ? missing : ok({ body, isDurable, isConfirmed, isReplay, ...(seq === null ? {} : { seq }) });
}

/**
 * Makes a person and a token of whoever holds a founding link. The secret is `<id of the link>.<secret>`; what is wrong with it is told in one
 * way only.
 */
async function claimSetup(
  ports: ApiPorts,
  body: {
    readonly secret: string;
    readonly id: string;
    readonly name: string;
    readonly breakGlassKey: string | null;
  },
): Promise<Result<Answered<NewTokenAnswer & { readonly person: PersonAnswer }>>> {
  const [id = '', secret = ''] = body.secret.split('.', 2);
  const link = /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id) ? await ports.setupLink(id) : null;
  if (link === null || !ports.isSecret(secret, link.secretHash)) {
    return failed(fault('setup_unknown', 'there is no such founding link, or it is used or over'));
  }
  const nowMs = ports.clock.now();
  const token = ports.newToken(nowMs);
  const actor: Actor = { kind: 'system', part: 'setup' };
  const granted = { id: token.id, secretHash: token.hash, expiresAtMs: nowMs + foundingTokenMs };
  const { breakGlassKey } = body;
  const key = breakGlassKey === null ? null : { id: ports.newId(nowMs), publicKey: breakGlassKey };
  const command = { kind: 'use_setup', link, id: body.id, name: body.name, token: granted, key } as const;
  const outcome = await ports.actOnPeople({ id: body.id, command, actor, ifMatch: null, once: null });
  if (!outcome.ok) return outcome;
  const person = showPerson(ports, body.id);
  const shown = showToken(ports, token.id);
  return person === null || shown === null ? missing : ok({ body: { person, token: shown, secret: token.text } });
}

async function createToken(
  ports: ApiPorts,
  call: Parameters<Handlers<Endpoints>['createToken']>[0],
): Promise<Result<Answered<NewTokenAnswer>>> {
  const { person, label, scopes, lastsSeconds } = call.body;
  const nowMs = ports.clock.now();
  const token = ports.newToken(nowMs);
  const command = {
    kind: 'create_token',
    id: token.id,
    person: person ?? callerOf(call).person,
    name: label,
    scopes,
    secretHash: token.hash,
    expiresAtMs: nowMs + lastsSeconds * 1_000,
  } as const;
  return withSecret(token.text, await acted(ports, call, { id: token.id, command, kind: 'token', show: showToken }));
}

// The id stays, so that what the token is listed under does.
async function resetToken(
  ports: ApiPorts,
  call: Parameters<Handlers<Endpoints>['resetToken']>[0],
): Promise<Result<Answered<NewTokenAnswer>>> {
  const { id } = call.params;
  const nowMs = ports.clock.now();
  const fresh = ports.newToken(nowMs);
  const expiresAtMs = nowMs + call.body.lastsSeconds * 1_000;
  const command = { kind: 'reset_token', id, secretHash: fresh.hash, expiresAtMs } as const;
  const text = fresh.text.replace(fresh.id, id);
  return withSecret(text, await acted(ports, call, { id, command, kind: 'token', show: showToken }));
}

// A secret is shown by the request that made it and by no other: a retry is told what it is called, and to make another.
function withSecret(secret: string, outcome: Result<Answered<TokenAnswer>>): Result<Answered<NewTokenAnswer>> {
  if (!outcome.ok) return outcome;
  const { body: token, isReplay = false } = outcome.value;
  if (!isReplay) return ok({ ...outcome.value, body: { token, secret } });
  const said = `token \`${token.id}\` was made by this key before and its secret is not kept, reset it or make another`;
  return failed(fault('secret_not_kept', said));
}

/** A person as the API shows one; null for nobody. */
export function showPerson(ports: ApiPorts, id: string): PersonAnswer | null {
  const directory = ports.directory();
  const person = directory.people.get(id);
  return person === undefined ? null : toPerson(person, linkPeople(directory, ports.clock.now()));
}

function toPerson(person: Person, links: LinkedPeople): PersonAnswer {
  const { id, name, roles, owns, createdAtMs, createdBy, disabledAtMs } = person;
  return {
    ...{ id, name, roles, owns },
    isDisabled: disabledAtMs !== null,
    createdAt: instant(createdAtMs),
    createdBy: createdBy ?? 'setup',
    linkedTo: links.membersOf(id).filter((other) => other !== id),
  };
}

function showToken(ports: ApiPorts, id: string): TokenAnswer | null {
  const token: Token | undefined = ports.directory().tokens.get(id);
  if (token === undefined) return null;
  const { person, name, scopes, createdAtMs, createdBy, expiresAtMs } = token;
  return {
    ...{ id, person, scopes },
    label: name,
    createdAt: instant(createdAtMs),
    createdBy: createdBy ?? 'setup',
    expiresAt: instant(expiresAtMs),
    isLive: isLiveToken(token, ports.clock.now()),
  };
}

function showKey(ports: ApiPorts, id: string): KeyAnswer | null {
  const key: BreakGlassKey | undefined = ports.directory().keys.get(id);
  if (key === undefined) return null;
  const { person, publicKey, enrolledAtMs, enrolledBy, revokedAtMs } = key;
  return { id, person, publicKey, enrolledAt: instant(enrolledAtMs), enrolledBy, isLive: revokedAtMs === null };
}
