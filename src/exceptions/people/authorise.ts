import type { Actor } from '../../audit/index.ts';
import { ok, quoteInput, type Result } from '../../base/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { type Directory, isLiveToken, type Person, type Scope, scopesOf } from './person.ts';

/** Who is asked about, and when (epoch milliseconds). */
export interface AccessWorld {
  readonly directory: Directory;
  readonly nowMs: number;
}

/**
 * The active person behind an actor who comes with a token that carries one of `anyOf`, as do the person's roles.
 * Faults: `actor_unknown`, `person_disabled`, `token_cannot`.
 */
export function authorise(
  actor: Actor,
  anyOf: readonly Scope[],
  { directory, nowMs }: AccessWorld,
): Result<Person, ExceptionFault> {
  const person = activePerson(actor, directory);
  if (!person.ok) return person;
  if (actor.kind !== 'person' || actor.via !== 'token')
    return refuse('token_cannot', 'a break-glass key declares and acknowledges break-glass, nothing else');
  const token = directory.tokens.get(actor.credential);
  if (token === undefined || token.person !== actor.id || !isLiveToken(token, nowMs))
    return refuse('token_cannot', 'the token is unknown, revoked or expired');
  const carried = scopesOf(person.value);
  if (anyOf.some((scope) => token.scopes.includes(scope) && carried.has(scope))) return person;
  return refuse(
    'token_cannot',
    `this needs a token and roles with ${anyOf.map((scope) => `\`${scope}\``).join(' or ')}`,
  );
}

/** The active person behind an actor who signed with a key or a passkey that is enrolled for them. Faults: `break_glass_not_enrolled`. */
export function authoriseByKey(actor: Actor, { directory }: AccessWorld): Result<Person, ExceptionFault> {
  if (actor.kind !== 'person' || !isEnrolled(actor, directory)) return refuse('break_glass_not_enrolled');
  const person = activePerson(actor, directory);
  return person.ok ? person : refuse('break_glass_not_enrolled');
}

function isEnrolled(actor: Extract<Actor, { kind: 'person' }>, { keys, passkeys }: Directory): boolean {
  if (actor.via === 'key') {
    const key = keys.get(actor.credential);
    return key?.person === actor.id && key.revokedAtMs === null;
  }
  if (actor.via !== 'passkey') return false;
  const passkey = passkeys.get(actor.credential);
  return passkey?.person === actor.id && passkey.removedAtMs === null && passkey.enrolledBy !== null;
}

function activePerson(actor: Actor, directory: Directory): Result<Person, ExceptionFault> {
  const person = actor.kind === 'person' ? directory.people.get(actor.id) : undefined;
  if (person === undefined) return refuse('actor_unknown');
  if (person.disabledAtMs !== null) return refuse('person_disabled', `${quoteInput(person.id)} is disabled`);
  return ok(person);
}
