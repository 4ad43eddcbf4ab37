import type { Actor, NewEntry } from '../../audit/index.ts';
import { ok, quoteInput, type Result } from '../../base/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import type { NewView } from '../ledger.ts';
import { toDetails } from '../plain-details.ts';
import { viewsOfPeople } from '../views.ts';
import { type AccessWorld, authorise } from './authorise.ts';
import { changeCredentials } from './change-credentials.ts';
import { changePasskeys } from './change-passkeys.ts';
import { linkPeople } from './linked-people.ts';
import type { PeopleCommand } from './people-command.ts';
import { type Person, roles } from './person.ts';
import { found } from './setup-links.ts';

/** What an act about people writes. */
export interface PeopleTransition {
  readonly entries: readonly NewEntry[];
  readonly views: readonly NewView[];
}

type Outcome = Result<readonly NewEntry[], ExceptionFault>;

/** An act with who does it. */
export interface PeopleAct<C extends PeopleCommand = PeopleCommand> {
  readonly command: C;
  readonly actor: Actor;
  readonly world: AccessWorld;
}

/**
 * Decides an act about people, their links, tokens and keys: what is to be written together, or why not. Nothing else makes entries about
 * people. Whoever creates, enables or resets something of somebody else is linked to them for 30 days.
 */
export function changePeople(
  command: PeopleCommand,
  actor: Actor,
  world: AccessWorld,
): Result<PeopleTransition, ExceptionFault> {
  const entries = decide({ command, actor, world });
  if (!entries.ok) return entries;
  return ok({ entries: entries.value, views: viewsOfPeople(entries.value, world) });
}

function decide({ command, actor, world }: PeopleAct): Outcome {
  switch (command.kind) {
    case 'create_person':
      return createPerson({ command, actor, world });
    case 'change_person':
      return changePerson({ command, actor, world });
    case 'disable_person':
    case 'enable_person':
      return switchPerson({ command, actor, world });
    case 'link_people':
    case 'unlink_people':
      return changeLink({ command, actor, world });
    case 'offer_setup':
    case 'use_setup':
      return found(command, actor, world);
    case 'register_passkey':
    case 'name_passkey':
    case 'remove_passkey':
    case 'enroll_passkey':
      return changePasskeys({ command, actor, world });
    default:
      return changeCredentials({ command, actor, world });
  }
}

function createPerson({ command, actor, world }: PeopleAct<Of<'create_person'>>): Outcome {
  const access = authorise(actor, ['people:write'], world);
  if (!access.ok) return access;
  const { id, name, roles, owns } = command;
  if (world.directory.people.has(id)) return refuse('person_exists', `there is a person ${quoteInput(id)} already`);
  const malformed = whatIsWrong(id, command);
  if (malformed !== null) return refuse('person_malformed', malformed);
  return one(id, 'created', { id, name, roles, owns }, actor);
}

function changePerson({ command, actor, world }: PeopleAct<Of<'change_person'>>): Outcome {
  const access = authorise(actor, ['people:write'], world);
  if (!access.ok) return access;
  const { id, name, roles, owns } = command;
  if (!world.directory.people.has(id)) return unknown(id);
  const malformed = whatIsWrong(id, command);
  if (malformed !== null) return refuse('person_malformed', malformed);
  if (!roles.includes('admin') && isLastAdmin(id, world)) return refuse('last_admin');
  return one(id, 'changed', { name, roles, owns }, actor);
}

function switchPerson({ command, actor, world }: PeopleAct<Of<'disable_person' | 'enable_person'>>): Outcome {
  const access = authorise(actor, ['people:write'], world);
  if (!access.ok) return access;
  const { id, reason } = command;
  if (!world.directory.people.has(id)) return unknown(id);
  const disables = command.kind === 'disable_person';
  if (disables && isLastAdmin(id, world)) return refuse('last_admin');
  return one(id, disables ? 'disabled' : 'enabled', { reason }, actor);
}

function changeLink({ command, actor, world }: PeopleAct<Of<'link_people' | 'unlink_people'>>): Outcome {
  const access = authorise(actor, ['people:write', 'exception:review'], world);
  if (!access.ok) return access;
  const { id, other, reason } = command;
  const { people } = world.directory;
  const person = people.get(id);
  if (person === undefined) return unknown(id);
  if (!people.has(other) || other === id) return unknown(other);
  if (command.kind === 'link_people') return one(id, 'linked', { other, reason }, actor);
  // The link may have been said of either: it is taken away where it stands.
  const holders = [person, people.get(other)].filter(
    (each) => each !== undefined && (each.id === id ? each.linked.includes(other) : each.linked.includes(id)),
  );
  if (holders.length === 0) return refuse('not_linked');
  if (linkPeople(world.directory, world.nowMs).areLinked(access.value.id, id)) return refuse('self_unlink');
  return ok(
    holders.flatMap((holder) =>
      holder === undefined
        ? []
        : [entry(holder.id, 'unlinked', { other: holder.id === id ? other : id, reason }, actor)],
    ),
  );
}

type Of<K extends PeopleCommand['kind']> = Extract<PeopleCommand, { kind: K }>;

function one(id: string, what: string, details: object, actor: Actor): Outcome {
  return ok([entry(id, what, details, actor)]);
}

function entry(id: string, what: string, details: object, actor: Actor): NewEntry {
  return { subject: `person/${id}`, action: `person.${what}`, actor, details: toDetails(details) };
}

function unknown(id: string): ReturnType<typeof refuse> {
  return refuse('person_unknown', `there is no person ${quoteInput(id)}`);
}

/** With nobody left who makes people, nobody could ever be enabled again. */
function isLastAdmin(id: string, { directory }: AccessWorld): boolean {
  const admins = [...directory.people.values()].filter(isActiveAdmin);
  return admins.length === 1 && admins[0]?.id === id;
}

function isActiveAdmin(person: Person): boolean {
  return person.disabledAtMs === null && person.roles.includes('admin');
}

/** What is wrong with the fields of a person, or null. Ids become subjects of the log and stand in addresses. */
export function whatIsWrong(id: string, person: Pick<Person, 'name' | 'roles' | 'owns'>): string | null {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(id))
    return `id ${quoteInput(id)} is not 1 to 63 of a-z, 0-9, dot, hyphen and underscore`;
  if (!isLine(person.name, 200)) return 'a name is one line of 1 to 200 characters';
  if (person.owns.length > 64 || !person.owns.every((owner) => isLine(owner, 500)))
    return 'owners are at most 64 lines of 1 to 500 characters';
  const unknown = person.roles.find((role) => !roles.includes(role));
  return unknown === undefined ? null : `${quoteInput(unknown)} is no role: use ${roles.join(', ')}`;
}

function isLine(text: string, mostLength: number): boolean {
  return (
    text.trim() !== '' && text.length <= mostLength && !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text)
  );
}
