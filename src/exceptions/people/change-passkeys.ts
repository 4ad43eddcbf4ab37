import type { Actor, NewEntry } from '../../audit/index.ts';
import { ok, type Result } from '../../base/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { toDetails } from '../plain-details.ts';
import { type AccessWorld, authorise } from './authorise.ts';
import { confirm, livePasskeysOf } from './confirmation.ts';
import type { PasskeyCommand } from './people-command.ts';
import { type Passkey, type Scope, scopes } from './person.ts';

type Outcome = Result<readonly NewEntry[], ExceptionFault>;
interface PasskeyAct<K extends PasskeyCommand['kind'] = PasskeyCommand['kind']> {
  readonly command: Extract<PasskeyCommand, { kind: K }>;
  readonly actor: Actor;
  readonly world: AccessWorld;
}

/** One for each device of a person who has many. */
const mostOfPerson = 10;
// A token that only reads must not be able to put a passkey before its person, who would need it from then on.
const acting: readonly Scope[] = ['exception:approve', 'exception:request', 'people:write'];

/**
 * Decides an act about passkeys. The first one of a person takes a token; every further one is confirmed by one that is there, or by an
 * enrolled key. Only their person names and registers them; whoever makes people may enrol and remove those of others.
 */
export function changePasskeys({ command, actor, world }: PasskeyAct): Outcome {
  switch (command.kind) {
    case 'register_passkey':
      return registerPasskey({ command, actor, world });
    case 'name_passkey':
      return namePasskey({ command, actor, world });
    case 'remove_passkey':
      return removePasskey({ command, actor, world });
    case 'enroll_passkey':
      return enrollPasskey({ command, actor, world });
    default:
      return command satisfies never;
  }
}

function registerPasskey({ command, actor, world }: PasskeyAct<'register_passkey'>): Outcome {
  const access = authorise(actor, acting, world);
  if (!access.ok) return access;
  const { id, person, name, credentialId, publicKey, signCount, transports } = command;
  if (access.value.id !== person) return refuse('not_yours', 'a passkey is registered by its own person');
  const { directory } = world;
  const isThere = [...directory.passkeys.values()].some((each) => each.id === id || each.credentialId === credentialId);
  if (isThere) return refuse('passkey_exists', 'this passkey was registered before');
  const live = livePasskeysOf(person, directory);
  if (live.length >= mostOfPerson) return refuse('passkey_exists', `nobody has more than ${mostOfPerson} passkeys`);
  const malformed = whatIsWrong(command);
  if (malformed !== null) return refuse('passkey_malformed', malformed);
  const subject = `passkey/${id}`;
  // INVARIANT: a token alone never adds a passkey beside another one, which could confirm what that one did not.
  const mode = live.length > 0 ? 'registered' : 'never';
  const confirmed = confirm(command.confirmation, { subject, actor, mode }, world);
  if (!confirmed.ok) return confirmed;
  const { by, entries } = confirmed.value;
  const details = { id, person, name, credentialId, publicKey, signCount, transports, isProven: by !== null };
  return ok([entryOf(id, 'registered', details, actor), ...entries]);
}

function namePasskey({ command, actor, world }: PasskeyAct<'name_passkey'>): Outcome {
  const access = authorise(actor, acting, world);
  if (!access.ok) return access;
  const passkey = findLive(command.id, world);
  if (passkey === null) return refuse('passkey_unknown');
  if (passkey.person !== access.value.id) return refuse('not_yours', 'a passkey is named by its own person');
  const { id, name } = command;
  return isName(name) ? ok([entryOf(id, 'named', { name }, actor)]) : refuse('passkey_malformed', nameRule);
}

/** The last one takes the token itself: from then on it is all that stands between a session and an approval. */
function removePasskey({ command, actor, world }: PasskeyAct<'remove_passkey'>): Outcome {
  const passkey = findLive(command.id, world);
  if (passkey === null) return refuse('passkey_unknown');
  const { id, person } = passkey;
  const isOwn = actor.kind === 'person' && actor.id === person;
  const access = authorise(actor, isOwn ? scopes : ['people:write'], world);
  if (!access.ok) return access;
  if (!isOwn) return ok([entryOf(id, 'removed', { how: 'admin' }, actor)]);
  const confirmed = confirm(command.confirmation, { subject: `passkey/${id}`, actor, mode: 'never' }, world);
  if (!confirmed.ok) return confirmed;
  const { by, entries } = confirmed.value;
  const isLast = livePasskeysOf(person, world.directory).length === 1;
  if (isLast && !command.isTokenShown)
    return refuse('confirmation_missing', 'the last passkey is removed with your token: send it along');
  if (by === null && !command.isTokenShown)
    return refuse('confirmation_missing', 'confirm it with one of your passkeys, or send your token along');
  return ok([...entries, entryOf(id, 'removed', { how: by?.kind ?? 'token' }, actor)]);
}

/** Lets its person declare break-glass by it, as by an enrolled key. Whoever enrols it counts as linked to them for 30 days. */
function enrollPasskey({ command, actor, world }: PasskeyAct<'enroll_passkey'>): Outcome {
  const access = authorise(actor, ['people:write'], world);
  if (!access.ok) return access;
  const passkey = findLive(command.id, world);
  if (passkey === null) return refuse('passkey_unknown');
  if (world.directory.people.get(passkey.person)?.disabledAtMs !== null) return refuse('person_unknown');
  if (passkey.enrolledBy !== null) return refuse('passkey_exists', 'it is enrolled already');
  return ok([entryOf(passkey.id, 'enrolled', {}, actor)]);
}

function findLive(id: string, { directory }: AccessWorld): Passkey | null {
  const passkey = directory.passkeys.get(id);
  return passkey?.removedAtMs === null ? passkey : null;
}

const nameRule = 'the name of a passkey is one line of 1 to 100 characters';
const base64url = /^[A-Za-z0-9_-]+$/;

function whatIsWrong({
  name,
  credentialId,
  publicKey,
  transports,
  signCount,
}: PasskeyAct<'register_passkey'>['command']): string | null {
  if (!isName(name)) return nameRule;
  // WebAuthn: at most 1,023 bytes of a credential id.
  if (!base64url.test(credentialId) || credentialId.length > 1_364) return 'the credential id is not one of WebAuthn';
  if (!base64url.test(publicKey) || publicKey.length > 2_048) return 'the public key is not one of WebAuthn';
  if (transports.length > 8 || !transports.every((each) => /^[a-z-]{1,32}$/.test(each)))
    return 'transports are at most 8 words';
  return Number.isSafeInteger(signCount) && signCount >= 0 ? null : 'the count is a whole number from 0';
}

function isName(text: string): boolean {
  return text.trim() !== '' && text.length <= 100 && !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text);
}

function entryOf(id: string, what: string, details: object, actor: Actor): NewEntry {
  return { subject: `passkey/${id}`, action: `passkey.${what}`, actor, details: toDetails(details) };
}
