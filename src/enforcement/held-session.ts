import { arrive, type ClientContext, clientContext, leavePlace, settle } from './client-context.ts';
import { type Conversation, type Step, tell } from './conversation.ts';
import type { LiveFlow } from './live-flow.ts';
import type { ConnectionFacts, SessionPorts } from './session-ports.ts';
import { runTunnel } from './tunnel.ts';

/**
 * Holds a conversation within the places of its listener: takes one for a connection that has proven nothing, and gives back all at its end.
 * A conversation that comes to a tunnel gives its flow and ends: the tunnel, which may stand for hours, keeps none of the steps to it alive.
 */
export function* heldSession(
  ports: SessionPorts,
  facts: ConnectionFacts,
  converse: (client: ClientContext) => Step<LiveFlow | null>,
): Conversation {
  const client = clientContext(ports, facts);
  if (!arrive(client)) {
    // Not told: whoever opens this many and proves nothing is no client that reads.
    ports.observer.refused('connection_limit', null);
    tell(client, { type: 'reset' });
    return;
  }
  try {
    const flow = yield* converse(client);
    if (flow !== null) yield* runTunnel(client, flow);
  } finally {
    leavePlace(client);
    settle(client);
  }
}
