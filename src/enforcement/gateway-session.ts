import { type Fault, ok, type Result } from '../base/index.ts';
import type { Destination } from '../destination/index.ts';
import { fieldValue, type RequestHead } from '../wire/index.ts';
import {
  type ClassifiedOpening,
  classifyOpening,
  classifyUnfinished,
  startsLikeTls,
  unreadOpening,
} from './classify-opening.ts';
import type { ClientContext, Over } from './client-context.ts';
import {
  arm,
  type Conversation,
  type Ended,
  joinBytes,
  noBytes,
  readClient,
  type Step,
  send,
  tell,
} from './conversation.ts';
import { type FlowOutcome, openFlow, refuseUnjudged } from './flow.ts';
import { heldSession } from './held-session.ts';
import { type ClientIdentity, identifyClient } from './identify-client.ts';
import type { LiveFlow } from './live-flow.ts';
import { type Refusal, refusalResponse } from './refusal.ts';
import { type AimedAt, type ConnectionFacts, decisionRequest, type SessionPorts } from './session-ports.ts';

/** What differs between transparent listeners. */
export interface GatewaySettings {
  /** Ports on which what is no TLS is read as HTTP, whatever its method. On others only what begins with a known method is. */
  readonly httpPorts: ReadonlySet<number>;
}

/** Who asks, who has aimed where, and what is known of both before a byte was read. */
interface Caller {
  readonly identity: Exclude<ClientIdentity, Over>;
  readonly aimed: AimedAt;
  /** Whether a rule lets opaque bytes to the very address that was aimed at, so that nothing is awaited. */
  readonly isOpaque: boolean;
  readonly isObserved: boolean;
}

interface OpeningRead {
  readonly kind: 'read';
  readonly bytes: Uint8Array;
  readonly found: ClassifiedOpening;
}

/**
 * Holds the whole conversation of one connection that a workload opened to anywhere and that was brought here (TPROXY):
 * `workload -> 203.0.113.9:443 -> gateway -> bank-gateway.example.com`. The first bytes name the destination: a server name, or a Host. It is
 * judged, resolved by us and dialled, whatever address was aimed at; then it is a tunnel like any other, and what follows is judged too.
 * What names nobody is judged as the address that was aimed at. States: opaque (a rule for that address awaits nothing) | reading -> opening
 * -> refused (a reset, or a page for HTTP) | tunnel.
 */
export function gatewaySession(ports: SessionPorts, facts: ConnectionFacts, settings: GatewaySettings): Conversation {
  return heldSession(ports, facts, (client) => converse(client, settings));
}

function* converse(client: ClientContext, settings: GatewaySettings): Step<LiveFlow | null> {
  const { aimed, isPastLimit } = client.facts;
  if (aimed === null || isPastLimit) {
    if (aimed !== null) refuseUnjudged(client, 'connection_limit', { destination: aimedDestination(aimed) });
    tell(client, { type: 'reset' });
    return null;
  }
  const caller = yield* meet(client, aimed);
  if (caller === null) return null;
  const read = caller.isOpaque ? readNothing : yield* readOpening(client, aimed, settings);
  if (read.kind === 'read') return yield* serve(client, caller, read);
  if (read.kind === 'silent') tell(client, { type: 'close' });
  return null;
}

// Nothing is presented here: the source is all there is, and nobody can be asked for more.
function* meet(client: ClientContext, aimed: AimedAt): Step<Caller | null> {
  const identity = yield* identifyClient(client, null);
  if (identity.kind === 'over') return null;
  if (identity.kind === 'identified') return { identity, aimed, ...standingOf(client, identity, aimed) };
  const reason = identity.reason === 'proof_required' ? 'identity_unknown' : identity.reason;
  const unknown = { kind: 'refused', reason, isChallenge: false } as const;
  return { identity: unknown, aimed, isOpaque: false, isObserved: false };
}

/**
 * Asks whether the aimed address is open to opaque bytes, by a rule and not by observing: a server may speak first there. A question that
 * fails opens nothing; it will fail again where it is told.
 */
function standingOf(
  { ports }: ClientContext,
  { policy, principal }: Extract<ClientIdentity, { kind: 'identified' }>,
  aimed: AimedAt,
): Pick<Caller, 'isOpaque' | 'isObserved'> {
  try {
    const request = decisionRequest(ports, principal, aimedDestination(aimed));
    const verdict = ports.judge.decide(policy, request);
    const isObserved = verdict.mode === 'observe';
    const isOpen = verdict.verdict === 'allow' && !verdict.wouldDeny && verdict.admission.tcp;
    if (!isOpen) return { isOpaque: false, isObserved };
    const answer = { addresses: [aimed.address], network: ports.policy.network() };
    const { admissions } = ports.judge.approve(policy, request, verdict, answer);
    return { isOpaque: admissions[0]?.tcp === true, isObserved };
  } catch (error) {
    ports.observer.failed('decide', error);
    return { isOpaque: false, isObserved: false };
  }
}

type Reading = OpeningRead | { readonly kind: 'silent' } | Over;

const readNothing: Reading = { kind: 'read', bytes: noBytes, found: unreadOpening };

/**
 * Reads until the first bytes say whom they are for: a ClientHello within 5 s of its first byte, a head within the time of a head. A client
 * that closes before it said anything has asked for nothing.
 */
function* readOpening(client: ClientContext, { port }: AimedAt, { httpPorts }: GatewaySettings): Step<Reading> {
  const { headTimeoutMs, helloTimeoutMs, maxHelloBytes, maxHeadBytes } = client.ports.settings.limits;
  const place = { port, isHttpPort: httpPorts.has(port), maxHelloBytes, maxHeadBytes };
  arm(client, headTimeoutMs);
  let held = noBytes;
  let searchedBytes = 0;
  for (;;) {
    const event = yield* readClient(client);
    if (event.type !== 'bytes') return withoutMore(held, event);
    if (held.length === 0 && startsLikeTls(event.bytes)) arm(client, helloTimeoutMs);
    held = joinBytes(held, event.bytes);
    const found = classifyOpening(place, held, searchedBytes);
    if ('searchedBytes' in found) {
      searchedBytes = found.searchedBytes;
      continue;
    }
    arm(client, null);
    return { kind: 'read', bytes: held, found };
  }
}

function withoutMore(held: Uint8Array, event: Ended): Reading {
  if (event.type === 'over') return { kind: 'over', by: event.by };
  if (event.type === 'end' && held.length === 0) return { kind: 'silent' };
  const why = event.type === 'end' ? 'the client closed before it was whole' : 'it did not come whole in time';
  return {
    kind: 'read',
    bytes: held,
    found: classifyUnfinished(held, held.length === 0 ? 'nothing came in time' : why),
  };
}

function* serve(client: ClientContext, caller: Caller, { bytes, found }: OpeningRead): Step<LiveFlow | null> {
  const outcome = yield* openByName(client, caller, found);
  if (outcome.kind === 'over') return null;
  if (outcome.kind === 'refused') return refuse(client, found, outcome.refusal);
  if (bytes.length > 0) tell(client, { type: 'unread', side: 'client', bytes });
  return outcome.flow;
}

// Under observe a name that we cannot resolve must break nobody: then it goes where the client aimed at, if that address may be dialled.
function* openByName(client: ClientContext, caller: Caller, found: ClassifiedOpening): Step<FlowOutcome> {
  const outcome = yield* open(client, caller, found, namedDestination(caller.aimed, found));
  const isUnresolved = outcome.kind === 'refused' && outcome.refusal.reason === 'resolver_failed';
  if (!isUnresolved || !caller.isObserved) return outcome;
  return yield* open(client, caller, found, ok(aimedDestination(caller.aimed)));
}

function open(
  client: ClientContext,
  { identity, aimed }: Caller,
  { breach, detail, carries, hasEch, hostText }: ClassifiedOpening,
  destination: Result<Destination, Fault>,
): Step<FlowOutcome> {
  const opening = { breach, detail, carries, hasEch, aimed: aimed.address };
  return openFlow(client, { identity, destination, innerHost: hostText ?? 'unseen', opening });
}

function namedDestination(aimed: AimedAt, { named }: ClassifiedOpening): Result<Destination, Fault> {
  if (named === null) return ok(aimedDestination(aimed));
  return named.ok ? ok({ host: named.value.host, port: aimed.port, protocol: null }) : named;
}

function aimedDestination({ address, port }: AimedAt): Destination {
  return { host: { kind: 'address', address }, port, protocol: null };
}

// A client of TLS takes no page; a reset tells it at once.
function refuse(client: ClientContext, { isHttp, head }: ClassifiedOpening, refusal: Refusal): null {
  if (!isHttp) {
    tell(client, { type: 'reset' });
    return null;
  }
  send(client, 'client', pageOf(client, head, refusal));
  tell(client, { type: 'close' });
  return null;
}

function pageOf({ ports }: ClientContext, head: RequestHead | null, refusal: Refusal): Uint8Array {
  const accept = head === null ? null : fieldValue(head, 'accept');
  const { requestBase } = ports.settings;
  return refusalResponse(refusal, { accept, isHead: head?.method === 'HEAD', closes: true, requestBase });
}
