import { classifyFirstByte } from '../wire/index.ts';
import type { ClientContext } from './client-context.ts';
import { arm, ask, type Conversation, readClient, type Step } from './conversation.ts';
import { heldSession } from './held-session.ts';
import { httpSession } from './http-session.ts';
import type { ConnectionFacts, SessionPorts } from './session-ports.ts';
import { socksSession } from './socks-session.ts';

/**
 * Holds the whole conversation of one proxy connection. The first byte tells the form: 0x05 SOCKS5, 0x16 TLS (then any of the others
 * inside, with a client certificate if one is given), else HTTP.
 */
export function proxySession(ports: SessionPorts, facts: ConnectionFacts): Conversation {
  return heldSession(ports, facts, converse);
}

function* converse(client: ClientContext): Step<void> {
  yield* arm(client.ports.settings.limits.headTimeoutMs);
  const first = yield* readFirst();
  if (first === null) return;
  if (classifyFirstByte(first[0] ?? 0) !== 'tls') return yield* serve(client, first);
  const secured = yield* ask({ type: 'start_tls', first }, 'secured');
  if (secured.type !== 'secured') return yield* give(secured.type);
  client.isSecured = true;
  if (secured.chain.length > 0) client.certificate = { kind: 'certificate', chain: secured.chain };
  const inner = yield* readFirst();
  if (inner !== null) yield* serve(client, inner);
}

function* readFirst(): Step<Uint8Array | null> {
  const event = yield* readClient();
  if (event.type === 'bytes') return event.bytes;
  if (event.type !== 'over') yield { type: 'close' };
  return null;
}

function* give(type: 'over' | 'deadline'): Step<void> {
  if (type === 'deadline') yield { type: 'reset' };
}

function* serve(client: ClientContext, first: Uint8Array): Step<void> {
  yield { type: 'unread', side: 'client', bytes: first };
  if (classifyFirstByte(first[0] ?? 0) === 'socks5') yield* socksSession(client);
  else yield* httpSession(client);
}
