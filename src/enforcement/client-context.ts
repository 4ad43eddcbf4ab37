import type { PresentedProof } from '../identity/index.ts';
import type { EndedBy } from './event.ts';
import type { ConnectionFacts, SessionPorts } from './session-ports.ts';

/** One client connection as its conversation sees it. */
export interface ClientContext {
  readonly ports: SessionPorts;
  readonly facts: ConnectionFacts;
  /** Whether the client speaks TLS to the proxy. */
  isSecured: boolean;
  /** The client certificate, when one was presented. */
  certificate: PresentedProof | null;
  /** Challenges in a row. */
  challenges: number;
}

/** The sockets of the connection are gone; nothing is left to say. */
export interface Over {
  readonly kind: 'over';
  readonly by: EndedBy;
}

/** Makes the context of a fresh connection. */
export function clientContext(ports: SessionPorts, facts: ConnectionFacts): ClientContext {
  return { ports, facts, isSecured: false, certificate: null, challenges: 0 };
}
