import { classifyFirstByte } from '../wire/index.ts';
import type { ClientContext } from './client-context.ts';
import { arm, ask, type Conversation, readClient, type Step, tell } from './conversation.ts';
import { heldSession } from './held-session.ts';
import { httpSession } from './http-session.ts';
import type { LiveFlow } from './live-flow.ts';
import type { ConnectionFacts, SessionPorts } from './session-ports.ts';
import { socksSession } from './socks-session.ts';

/**
 * Holds the whole conversation of one proxy connection. The first byte tells the form: 0x05 SOCKS5, 0x16 TLS (then any of the others
 * inside, with a client certificate if one is given), else HTTP.
 */
export function proxySession(ports: SessionPorts, facts: ConnectionFacts): Conversation {
  return heldSession(ports, facts, converse);
}

function* converse(client: ClientContext): Step<LiveFlow | null> {
  arm(client, client.ports.settings.limits.headTimeoutMs);
  const first = yield* readFirst(client);
  if (first === null) return null;
  if (classifyFirstByte(first[0] ?? 0) !== 'tls') return yield* serve(client, first);
  const secured = yield* ask(client, { type: 'start_tls', first }, 'secured');
  if (secured.type !== 'secured') return give(client, secured.type);
  client.isSecured = true;
  if (secured.chain.length > 0) client.certificate = { kind: 'certificate', chain: secured.chain };
  const inner = yield* readFirst(client);
  return inner === null ? null : yield* serve(client, inner);
}

function* readFirst(client: ClientContext): Step<Uint8Array | null> {
  const event = yield* readClient(client);
  if (event.type === 'bytes') return event.bytes;
  if (event.type !== 'over') tell(client, { type: 'close' });
  return null;
}

function give(client: ClientContext, type: 'over' | 'deadline'): null {
  if (type === 'deadline') tell(client, { type: 'reset' });
  return null;
}

function serve(client: ClientContext, first: Uint8Array): Step<LiveFlow | null> {
  tell(client, { type: 'unread', side: 'client', bytes: first });
  return classifyFirstByte(first[0] ?? 0) === 'socks5' ? socksSession(client) : httpSession(client);
}
