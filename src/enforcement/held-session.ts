import { arrive, type ClientContext, clientContext, leavePlace, settle } from './client-context.ts';
import { type Conversation, type Step, tell } from './conversation.ts';
import type { ConnectionFacts, SessionPorts } from './session-ports.ts';

/** Holds a conversation within the places of its listener: takes one for a connection that has proven nothing, and gives back all at its end. */
export function* heldSession(
  ports: SessionPorts,
  facts: ConnectionFacts,
  converse: (client: ClientContext) => Step<void>,
): Conversation {
  const client = clientContext(ports, facts);
  if (!arrive(client)) {
    // Not told: whoever opens this many and proves nothing is no client that reads.
    ports.observer.refused('connection_limit', null);
    tell(client, { type: 'reset' });
    return;
  }
  try {
    yield* converse(client);
  } finally {
    leavePlace(client);
    settle(client);
  }
}
