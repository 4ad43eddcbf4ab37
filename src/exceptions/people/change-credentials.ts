import type { Actor, NewEntry } from '../../audit/index.ts';
import { ok, quoteInput, type Result } from '../../base/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { toDetails } from '../plain-details.ts';
import { type AccessWorld, authorise } from './authorise.ts';
import type { PeopleCommand } from './people-command.ts';
import { isLiveToken, type Person, type Scope, scopes, scopesOf, type Token } from './person.ts';
import { isPublicKey } from './public-key.ts';

/** The longest that a token may live: what nobody renews within a year nobody needs. */
const longestTokenMs = 366 * 86_400_000;

type CredentialCommand = Extract<
  PeopleCommand,
  { kind: 'create_token' | 'reset_token' | 'revoke_token' | 'enroll_key' | 'revoke_key' }
>;
type Outcome = Result<readonly NewEntry[], ExceptionFault>;
interface CredentialAct<K extends CredentialCommand['kind'] = CredentialCommand['kind']> {
  readonly command: Extract<CredentialCommand, { kind: K }>;
  readonly actor: Actor;
  readonly world: AccessWorld;
}

const anyScope: readonly Scope[] = scopes;

/** Decides an act about tokens and break-glass keys. One's own token is made and ended with any token that carries as much. */
export function changeCredentials({ command, actor, world }: CredentialAct): Outcome {
  switch (command.kind) {
    case 'create_token':
      return createToken({ command, actor, world });
    case 'reset_token':
      return resetToken({ command, actor, world });
    case 'revoke_token':
      return revokeToken({ command, actor, world });
    case 'enroll_key':
      return enrollKey({ command, actor, world });
    case 'revoke_key':
      return revokeKey({ command, actor, world });
    default:
      return command satisfies never;
  }
}

function createToken({ command, actor, world }: CredentialAct<'create_token'>): Outcome {
  const { id, person: personId, name, scopes: wanted, secretHash, expiresAtMs } = command;
  const person = world.directory.people.get(personId);
  const access = authoriseFor(personId, wanted, actor, world);
  if (!access.ok) return access;
  if (person === undefined) return refuse('person_unknown', `there is no person ${quoteInput(personId)}`);
  if (world.directory.tokens.has(id)) return refuse('token_exists');
  const malformed = whatIsWrong(command, world.nowMs);
  if (malformed !== null) return refuse('token_malformed', malformed);
  const over = wanted.find((scope) => !scopesOf(person).has(scope));
  if (over !== undefined)
    return refuse('scope_over_roles', `the roles of ${quoteInput(personId)} carry no \`${over}\``);
  const details = { id, person: personId, name, scopes: wanted, secretHash, expiresAtMs };
  return one(`token/${id}`, 'token.created', details, actor);
}

function resetToken({ command, actor, world }: CredentialAct<'reset_token'>): Outcome {
  const token = liveToken(command.id, world);
  if (token === null) return refuse('token_unknown');
  const access = authoriseFor(token.person, token.scopes, actor, world);
  if (!access.ok) return access;
  const { secretHash, expiresAtMs } = command;
  const malformed = whatIsWrong({ ...token, secretHash, expiresAtMs }, world.nowMs);
  if (malformed !== null) return refuse('token_malformed', malformed);
  return one(`token/${token.id}`, 'token.reset', { secretHash, expiresAtMs }, actor);
}

/** Ending a token narrows: its person, whoever writes tokens, and whoever ends exceptions may. */
function revokeToken({ command, actor, world }: CredentialAct<'revoke_token'>): Outcome {
  const token = world.directory.tokens.get(command.id);
  if (token === undefined || token.revokedAtMs !== null) return refuse('token_unknown');
  const isOwn = actor.kind === 'person' && actor.id === token.person;
  const access = authorise(actor, isOwn ? anyScope : ['token:write', 'exception:revoke'], world);
  return access.ok ? one(`token/${token.id}`, 'token.revoked', {}, actor) : access;
}

function enrollKey({ command, actor, world }: CredentialAct<'enroll_key'>): Outcome {
  const access = authorise(actor, ['people:write'], world);
  if (!access.ok) return access;
  const { id, person, publicKey } = command;
  if (world.directory.people.get(person)?.disabledAtMs !== null) return refuse('person_unknown');
  const keys = [...world.directory.keys.values()];
  if (keys.some((key) => key.id === id || (key.publicKey === publicKey && key.revokedAtMs === null)))
    return refuse('key_exists', 'this key, or one of this id, is enrolled already');
  if (!isPublicKey(publicKey)) return refuse('key_malformed');
  return one(`key/${id}`, 'key.enrolled', { id, person, publicKey }, actor);
}

function revokeKey({ command, actor, world }: CredentialAct<'revoke_key'>): Outcome {
  const key = world.directory.keys.get(command.id);
  if (key === undefined || key.revokedAtMs !== null) return refuse('key_unknown');
  const isOwn = actor.kind === 'person' && actor.id === key.person;
  const access = authorise(actor, isOwn ? anyScope : ['people:write', 'exception:revoke'], world);
  return access.ok ? one(`key/${key.id}`, 'key.revoked', {}, actor) : access;
}

/** For somebody else it takes `token:write`; for oneself, a token that carries everything the new one would. */
function authoriseFor(
  person: string,
  wanted: readonly Scope[],
  actor: Actor,
  world: AccessWorld,
): Result<Person, ExceptionFault> {
  const byWriter = authorise(actor, ['token:write'], world);
  if (byWriter.ok || actor.kind !== 'person' || actor.id !== person) return byWriter;
  const access = authorise(actor, anyScope, world);
  if (!access.ok) return access;
  const held = world.directory.tokens.get(actor.credential)?.scopes ?? [];
  const over = wanted.find((scope) => !held.includes(scope));
  return over === undefined ? access : refuse('token_cannot', `the token at hand carries no \`${over}\` to pass on`);
}

function liveToken(id: string, { directory, nowMs }: AccessWorld): Token | null {
  const token = directory.tokens.get(id);
  return token !== undefined && isLiveToken(token, nowMs) ? token : null;
}

function whatIsWrong(
  token: Pick<Token, 'name' | 'scopes' | 'secretHash' | 'expiresAtMs'>,
  nowMs: number,
): string | null {
  if (!/^[0-9a-f]{64}$/.test(token.secretHash)) return 'the hash of the secret is not SHA-256 in hex';
  if (token.scopes.length === 0) return `a token has at least one scope of ${scopes.join(', ')}`;
  const unknown = token.scopes.find((scope) => !scopes.includes(scope));
  if (unknown !== undefined) return `${quoteInput(unknown)} is no scope: use ${scopes.join(', ')}`;
  if (token.name.trim() === '' || token.name.length > 200 || /\p{Cc}/u.test(token.name))
    return 'the name of a token is one line of 1 to 200 characters';
  const isInside = token.expiresAtMs > nowMs && token.expiresAtMs <= nowMs + longestTokenMs;
  return isInside ? null : 'a token ends within 366 days and not in the past';
}

function one(subject: string, action: string, details: object, actor: Actor): Outcome {
  return ok([{ subject, action, actor, details: toDetails(details) }]);
}
