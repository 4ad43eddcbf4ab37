import { canonicalJson, type JsonObject, type JsonValue } from '../../audit/index.ts';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { type Confirmation, livePasskeysOf } from '../../exceptions/index.ts';
import type { Call } from '../call.ts';
import {
  type AnyEndpoint,
  type ConfirmationBody,
  type ConfirmChallenge,
  type ConfirmedAct,
  endpoints,
  type ToConfirmBody,
} from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';
import { instant } from './instants.ts';
import { createNonces, type Nonces } from './nonces.ts';
import { showPasskey } from './passkey-answer.ts';

/** A call of an act that may be confirmed. */
export type ConfirmableCall = Pick<
  Call<unknown, unknown, { readonly confirmation?: ConfirmationBody | undefined }>,
  'caller' | 'params' | 'body'
>;

/**
 * Confirmations: a challenge is given out for one act of one person, and what signed it counts for just that act, once, for five minutes.
 * It is bound to everything that the act is sent with: which exception, the digest of what was looked at (and with it revision, policy,
 * tier and findings), what is narrowed, the reason.
 */
export interface Confirmations {
  /** Gives out a challenge. Fault: `request_malformed`, where the act would not be taken with this body. */
  offer(person: string, asked: ToConfirmBody): Result<ConfirmChallenge>;
  /** What confirms a call; null where nothing came, and `refused` where what came is not of this act, of this person, or not fresh. */
  take(act: ConfirmedAct, call: ConfirmableCall): Promise<Confirmation | null>;
}

const bounds = { lifeMs: 5 * 60_000, most: 20 };
// Of each person the last 20, of so many people the last: whoever asks without end costs themselves only.
const mostPeople = 10_000;

/** Makes the store of challenges; it lives as long as the process. */
export function createConfirmations(ports: ApiPorts): Confirmations {
  const byPerson = new Map<string, Nonces>();
  return {
    offer: (person, asked) => {
      const body = readBody(asked);
      if (!body.ok) return body;
      const nonces = byPerson.get(person) ?? createNonces(bounds);
      byPerson.delete(person);
      byPerson.set(person, nonces);
      const [oldest] = byPerson.keys();
      if (byPerson.size > mostPeople && oldest !== undefined) byPerson.delete(oldest);
      const what = { act: asked.act, id: asked.id, person, body: body.value };
      const { nonce, untilMs } = nonces.make(textOf(what), ports.clock.now());
      return ok({ ...toChallenge(ports, what, nonce), expiresAt: instant(untilMs) });
    },
    take: async (act, { caller, params, body }) => {
      const { confirmation: sent } = body;
      if (sent === undefined || caller === null) return null;
      const what: Confirmed = { act, id: idOf(params), person: caller.person, body: withoutProof(body) };
      const given = await verify(ports, sent, what);
      // Looked up after it is verified and in one step, so that of two that come at once one counts.
      const isFresh = byPerson.get(caller.person)?.spend(sent.nonce, textOf(what), ports.clock.now()) ?? false;
      return isFresh ? given : { kind: 'refused', why: 'it confirms another act, or was used before, or is too old' };
    },
  };
}

interface Confirmed {
  readonly act: ConfirmedAct;
  readonly id: string;
  readonly person: string;
  readonly body: JsonObject;
}

/** What is signed, by keys as it is. The first line is of this use alone. */
function signedBytes(document: string): Uint8Array {
  return new TextEncoder().encode(`exeat-confirm-v1\n${document}`);
}

function challengeOf(ports: ApiPorts, document: string): string {
  return Buffer.from(ports.digest(signedBytes(document))).toString('base64url');
}

function toChallenge(ports: ApiPorts, what: Confirmed, nonce: string): Omit<ConfirmChallenge, 'expiresAt'> {
  const document = textOf({ ...what, nonce });
  const { party } = ports.passkeys;
  return {
    ...{ nonce, document, challenge: challengeOf(ports, document) },
    rpId: party.ok ? party.value.id : null,
    passkeys: livePasskeysOf(what.person, ports.directory()).map(showPasskey),
  };
}

async function verify(ports: ApiPorts, sent: ConfirmationBody, what: Confirmed): Promise<Confirmation> {
  const document = textOf({ ...what, nonce: sent.nonce });
  if ('key' in sent) {
    const key = ports.directory().keys.get(sent.key);
    const isSigned =
      key?.person === what.person && ports.verifySignature(key.publicKey, signedBytes(document), sent.signature);
    return isSigned
      ? { kind: 'key', id: sent.key }
      : { kind: 'refused', why: 'its signature is not by a key of yours' };
  }
  const passkey = ports.directory().passkeys.get(sent.passkey);
  if (passkey?.person !== what.person || passkey.removedAtMs !== null)
    return { kind: 'refused', why: 'it is by no passkey of yours' };
  const verified = await ports.passkeys.verifyAssertion(sent.assertion, passkey, challengeOf(ports, document));
  if (!verified.ok) return { kind: 'refused', why: verified.fault.message };
  return { kind: 'passkey', id: passkey.id, signCount: verified.value.signCount };
}

/** The body as the act would read it, so that what is left out and what is written out are one. */
function readBody({ act, body }: ToConfirmBody): Result<JsonObject> {
  const endpoint: AnyEndpoint = endpoints[act] as unknown as AnyEndpoint;
  const parsed = endpoint.body.safeParse(body);
  if (parsed.success) return ok(withoutProof(parsed.data as object));
  const [issue] = parsed.error.issues;
  const said = `body of \`${act}\`: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is not well-formed'}`;
  return failed(fault('request_malformed', said));
}

/** A document never holds a token, nor the proof that is over it. */
function withoutProof(body: object): JsonObject {
  const { confirmation: _proof, token: _token, ...rest } = body as Readonly<Record<string, JsonValue>>;
  return rest;
}

function idOf(params: unknown): string {
  return (params as { readonly id?: string }).id ?? '';
}

// What was read of a request is plain data, so there is always a text.
function textOf(value: object): string {
  const text = canonicalJson(value as JsonObject);
  if (!text.ok) throw new TypeError(text.fault.message);
  return text.value;
}
