import { failed, fault, ok, type Result } from '../../base/index.ts';
import { livePasskeysOf, type PeopleCommand } from '../../exceptions/index.ts';
import type { Answered, Call, Handlers } from '../call.ts';
import type { Endpoints, PasskeyAnswer, PasskeyOffer } from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';
import type { Confirmations } from './confirmations.ts';
import { callerOf } from './exception-routes.ts';
import { instant } from './instants.ts';
import { createNonces, type Nonces } from './nonces.ts';
import { pageOfList } from './page-of-list.ts';
import { showPasskey } from './passkey-answer.ts';

type Ids =
  | 'listPasskeys'
  | 'offerPasskey'
  | 'registerPasskey'
  | 'namePasskey'
  | 'removePasskey'
  | 'enrolPasskey'
  | 'challengeConfirmation';

type AnyCall = Pick<Call<unknown, unknown, unknown>, 'caller' | 'ifMatch' | 'once'>;
type Shown = Promise<Result<Answered<PasskeyAnswer>>>;

/** The handlers of passkeys, and of what is signed to confirm an act. */
export function passkeyRoutes(ports: ApiPorts, confirmations: Confirmations): Pick<Handlers<Endpoints>, Ids> {
  const offers = createNonces({ lifeMs: 5 * 60_000, most: 1_000 });
  const act = (call: AnyCall, id: string, command: PeopleCommand): Shown => acted(ports, call, { id, command });
  return {
    listPasskeys: async ({ query }) => {
      const all = [...ports.directory().passkeys.values()].filter(
        ({ person }) => query.person === undefined || query.person === person,
      );
      return pageOfList(
        `passkeys ${query.person ?? ''}`,
        all.map(({ id }) => id),
        query,
        (id) => find(ports, id),
      );
    },
    offerPasskey: async (call) => offer(ports, offers, callerOf(call).person),
    registerPasskey: (call) => register(ports, { offers, confirmations }, call),
    namePasskey: (call) => {
      const { id } = call.params;
      return act(call, id, { kind: 'name_passkey', id, name: call.body.name });
    },
    removePasskey: async (call) => {
      const { id } = call.params;
      const isTokenShown = await showsToken(call);
      if (!isTokenShown.ok) return isTokenShown;
      const confirmation = await confirmations.take('removePasskey', call);
      return act(call, id, { kind: 'remove_passkey', id, isTokenShown: isTokenShown.value, confirmation });
    },
    enrolPasskey: (call) => act(call, call.params.id, { kind: 'enroll_passkey', id: call.params.id }),
    challengeConfirmation: async (call) => {
      const offered = confirmations.offer(callerOf(call).person, call.body);
      return offered.ok ? ok({ body: offered.value }) : offered;
    },
  };
}

function find(ports: ApiPorts, id: string): PasskeyAnswer | null {
  const passkey = ports.directory().passkeys.get(id);
  return passkey === undefined ? null : showPasskey(passkey);
}

function offer(ports: ApiPorts, offers: Nonces, person: string): Result<Answered<PasskeyOffer>> {
  const { party, algorithms } = ports.passkeys;
  if (!party.ok) return party;
  const { nonce, untilMs } = offers.make(person, ports.clock.now());
  const directory = ports.directory();
  return ok({
    body: {
      challenge: nonce,
      expiresAt: instant(untilMs),
      origin: party.value.origin,
      rp: { id: party.value.id, name: 'Exeat' },
      user: {
        // The same for every passkey of a person, so that a device keeps one; it tells nothing to who finds it there.
        id: Buffer.from(ports.digest(new TextEncoder().encode(`exeat-person\n${person}`))).toString('base64url'),
        name: person,
        displayName: directory.people.get(person)?.name ?? person,
      },
      algorithms,
      exclude: livePasskeysOf(person, directory).map(({ credentialId }) => credentialId),
    },
  });
}

async function register(
  ports: ApiPorts,
  { offers, confirmations }: { readonly offers: Nonces; readonly confirmations: Confirmations },
  call: Parameters<Handlers<Endpoints>['registerPasskey']>[0],
): Shown {
  const { name, challenge, credential } = call.body;
  const { person } = callerOf(call);
  const { transports, ...sent } = credential;
  const made = await ports.passkeys.verifyRegistration(sent, challenge);
  if (!made.ok) return made;
  if (!offers.spend(challenge, person, ports.clock.now()))
    return failed(fault('passkey_refused', 'it was made for somebody else, or registered before, or is too old'));
  const confirmation = await confirmations.take('registerPasskey', call);
  const id = ports.newId(ports.clock.now());
  const command = { kind: 'register_passkey', id, person, name, ...made.value, transports, confirmation } as const;
  return acted(ports, call, { id, command });
}

/**
 * Whether the token itself came: a program sends it with every call, whoever is at a browser pastes it. Faults: `confirmation_refused`,
 * `too_many_attempts`.
 */
async function showsToken(call: Parameters<Handlers<Endpoints>['removePasskey']>[0]): Promise<Result<boolean>> {
  if (call.door.session === null) return ok(true);
  const { token } = call.body;
  if (token === undefined) return ok(false);
  const proven = await call.door.prove(token);
  if (!proven.ok && proven.fault.code === 'too_many_attempts') return proven;
  // The session is as good as before: this is about what was pasted.
  const isOwn = proven.ok && proven.value.person === callerOf(call).person;
  return isOwn ? ok(true) : failed(fault('confirmation_refused', 'what was pasted is no live token of yours'));
}

async function acted(
  ports: ApiPorts,
  call: AnyCall,
  { id: asked, command }: { readonly id: string; readonly command: PeopleCommand },
): Shown {
  const { ifMatch, once } = call;
  const outcome = await ports.actOnPeople({ id: asked, command, actor: callerOf(call).actor, ifMatch, once });
  if (!outcome.ok) return outcome;
  const { id, isDurable, isConfirmed, isReplay } = outcome.value;
  const body = find(ports, id);
  const seq = ports.seqOf('passkey', id);
  if (body === null) return failed(fault('not_found', 'there is no such passkey'));
  return ok({ body, isDurable, isConfirmed, isReplay, ...(seq === null ? {} : { seq }) });
}
