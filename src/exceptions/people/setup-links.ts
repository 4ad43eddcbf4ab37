import type { Actor, NewEntry } from '../../audit/index.ts';
import { ok, quoteInput, type Result } from '../../base/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { toDetails } from '../plain-details.ts';
import type { AccessWorld } from './authorise.ts';
import type { SetupCommand } from './people-command.ts';
import { type Role, type SetupLink, scopesOf } from './person.ts';
import { isPublicKey } from './public-key.ts';

/** How long a founding link may be used: a first day with the product. */
export const setupLinkMs: number = 24 * 3_600_000;

const foundingRoles: Readonly<Record<SetupLink['role'], readonly Role[]>> = {
  admin: ['admin', 'requester'],
  approver: ['approver', 'requester'],
  // Who ends and reviews what the other two did: without a third person nobody uninvolved could.
  security: ['security', 'auditor', 'requester'],
};

/**
 * Offers a founding link, or makes a person and a token from one. The product does both itself (`setup`), so whoever used a link is linked
 * to nobody. Faults: `setup_unknown`, `person_exists`, `token_cannot` for an actor who is a person.
 */
export function found(
  command: SetupCommand,
  actor: Actor,
  world: AccessWorld,
): Result<readonly NewEntry[], ExceptionFault> {
  if (actor.kind !== 'system') return refuse('token_cannot', 'founding links are made by the product itself');
  if (command.kind === 'offer_setup') {
    const { id, role, secretHash } = command;
    const expiresAtMs = Math.min(command.expiresAtMs, world.nowMs + setupLinkMs);
    return ok([entry(`setup/${id}`, 'setup.offered', { id, role, secretHash, expiresAtMs }, actor)]);
  }
  return useLink(command, actor, world);
}

function useLink(
  { link, id, name, token, key }: Extract<SetupCommand, { kind: 'use_setup' }>,
  actor: Actor,
  { directory, nowMs }: AccessWorld,
): Result<readonly NewEntry[], ExceptionFault> {
  if (link.usedAtMs !== null || nowMs >= link.expiresAtMs) return refuse('setup_unknown');
  if (directory.people.has(id)) return refuse('person_exists', `there is a person ${quoteInput(id)} already`);
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(id) || name.trim() === '')
    return refuse('person_malformed', `id ${quoteInput(id)} is not 1 to 63 of a-z, 0-9, dot, hyphen and underscore`);
  if (key !== null && !isPublicKey(key.publicKey)) return refuse('key_malformed');
  const person = { id, name, roles: foundingRoles[link.role], owns: [] };
  const scopes = [
    ...scopesOf({ ...person, createdAtMs: nowMs, createdBy: null, disabledAtMs: null, linked: [], handledBy: [] }),
  ];
  return ok([
    entry(`setup/${link.id}`, 'setup.used', { person: id }, actor),
    entry(`person/${id}`, 'person.created', person, actor),
    entry(`token/${token.id}`, 'token.created', { ...token, person: id, name: 'founding', scopes }, actor),
    ...(key === null ? [] : [entry(`key/${key.id}`, 'key.enrolled', { ...key, person: id }, actor)]),
  ]);
}

function entry(subject: string, action: string, details: object, actor: Actor): NewEntry {
  return { subject, action, actor, details: toDetails(details) };
}
