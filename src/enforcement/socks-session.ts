import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { type Destination, type Host, ipAddressFromBytes, parseWireHost } from '../destination/index.ts';
import type { Incomplete, Refused } from '../wire/index.ts';
import {
  parseSocksAuth,
  parseSocksGreeting,
  parseSocksRequest,
  type SocksReplyName,
  type SocksRequest,
  socksNoAuth,
  socksUserPassword,
  writeSocksAuthResult,
  writeSocksMethod,
  writeSocksReply,
} from '../wire/index.ts';
import type { ClientContext, Over } from './client-context.ts';
import { arm, joinBytes, noBytes, readClient, type Step, send, tell } from './conversation.ts';
import { challenge, openFlow, refuseUnjudged } from './flow.ts';
import { type ClientIdentity, identifyClient, type RequestProof } from './identify-client.ts';
import type { LiveFlow } from './live-flow.ts';
import type { Refusal } from './refusal.ts';

/**
 * Serves a SOCKS5 client (RFC 1928, RFC 1929): greeting -> (user and password) -> request -> tunnel, whose flow it gives. A denial is reply 0x02; BIND and UDP
 * ASSOCIATE are reply 0x07. Anything malformed is recorded and closed.
 */
export function* socksSession(client: ClientContext): Step<LiveFlow | null> {
  arm(client, client.ports.settings.limits.headTimeoutMs);
  const identity = yield* negotiate(client);
  if (identity === null || identity.kind === 'over') return null;
  arm(client, client.ports.settings.limits.headTimeoutMs);
  const asked = yield* readMessage(client, parseSocksRequest);
  arm(client, null);
  if (asked.kind === 'over' || asked.kind === 'end') return finish(client, null);
  if (asked.kind === 'fault') return refuseMalformed(client, asked);
  if (asked.command !== 'connect') {
    refuseUnjudged(client, 'protocol_refused', { detail: `SOCKS5 ${asked.command}` });
    return finish(client, 'command_not_supported');
  }
  const destination = socksDestination(asked);
  const outcome = client.facts.isPastLimit
    ? refuseUnjudged(client, 'connection_limit')
    : yield* openFlow(client, { identity, destination, innerHost: 'unseen', opening: null });
  if (outcome.kind === 'over') return null;
  if (outcome.kind === 'refused') return finish(client, replyOf(outcome.refusal));
  send(client, 'client', writeSocksReply('succeeded'));
  return outcome.flow;
}

function* negotiate(client: ClientContext): Step<ClientIdentity | null> {
  const greeting = yield* readMessage(client, parseSocksGreeting);
  if (greeting.kind === 'over') return greeting;
  if (greeting.kind === 'end') return finish(client, null);
  if (greeting.kind === 'fault') return refuseMalformed(client, greeting);
  const method = [socksUserPassword, socksNoAuth].find((each) => greeting.methods.includes(each)) ?? null;
  send(client, 'client', writeSocksMethod(method));
  if (method === socksNoAuth) return yield* identifyClient(client, null);
  if (method === socksUserPassword) return yield* authenticate(client);
  return finish(client, null);
}

function* authenticate(client: ClientContext): Step<ClientIdentity | null> {
  const auth = yield* readMessage(client, parseSocksAuth);
  if (auth.kind === 'over') return auth;
  if (auth.kind === 'end') return finish(client, null);
  const proof: RequestProof =
    auth.kind === 'auth' ? { kind: 'basic', username: auth.username, password: auth.password } : 'unreadable';
  const identity = yield* identifyClient(client, proof);
  if (identity.kind === 'over') return identity;
  const isRejected =
    identity.kind === 'refused' && (identity.isChallenge || identity.reason === 'cleartext_proof_refused');
  send(client, 'client', writeSocksAuthResult(!isRejected));
  if (!isRejected) return identity;
  if (identity.isChallenge) challenge(client, identity.reason);
  else refuseUnjudged(client, identity.reason);
  return finish(client, null);
}

type Message<T> = T | Refused | { readonly kind: 'end' } | Over;

function* readMessage<T>(
  client: ClientContext,
  parse: (bytes: Uint8Array) => Incomplete | Refused | (T & { byteLength: number }),
): Step<Message<T>> {
  let held = noBytes;
  for (;;) {
    const event = yield* readClient(client);
    if (event.type === 'over') return { kind: 'over', by: event.by };
    if (event.type !== 'bytes') return { kind: 'end' };
    held = joinBytes(held, event.bytes);
    const result = parse(held);
    if ('byteLength' in result) {
      const rest = held.subarray(result.byteLength);
      if (rest.length > 0) tell(client, { type: 'unread', side: 'client', bytes: rest });
      return result;
    }
    if (result.kind === 'fault') return result;
  }
}

function socksDestination({ host, port }: SocksRequest): Result<Destination, Fault> {
  const parsed = host.kind === 'name' ? parseName(host.text) : addressHost(host.bytes);
  return parsed.ok ? ok({ host: parsed.value, port, protocol: null }) : parsed;
}

// A name that spells an address would be judged as an address: that is what the address types are for, but curl's socks5h sends it so.
function parseName(text: string): Result<Host, Fault> {
  return parseWireHost(text);
}

function addressHost(bytes: Uint8Array): Result<Host, Fault> {
  const address = ipAddressFromBytes(bytes);
  return address === null
    ? failed(fault('address_malformed', 'the address has neither 4 nor 16 bytes'))
    : ok({ kind: 'address', address });
}

function replyOf(refusal: Refusal): SocksReplyName {
  if (refusal.reason === 'resolver_failed' || refusal.reason === 'upstream_unreachable') return 'host_unreachable';
  if (refusal.reason === 'connection_limit' || refusal.reason === 'records_blocked') return 'general_failure';
  return 'not_allowed';
}

function refuseMalformed(client: ClientContext, { fault: found }: Refused): null {
  const isUnsupported = found.code === 'socks_command_unsupported' || found.code === 'socks_address_type_unsupported';
  refuseUnjudged(client, isUnsupported ? 'protocol_refused' : 'request_malformed', { detail: found.message });
  const unsupported =
    found.code === 'socks_command_unsupported' ? 'command_not_supported' : 'address_type_not_supported';
  return finish(client, isUnsupported ? unsupported : null);
}

function finish(client: ClientContext, reply: SocksReplyName | null): null {
  if (reply !== null) send(client, 'client', writeSocksReply(reply));
  tell(client, { type: 'close' });
  return null;
}
