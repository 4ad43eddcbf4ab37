import type { PresentedProof } from '../identity/index.ts';
import type { EndedBy } from './event.ts';
import type { ConnectionFacts, SessionPorts } from './session-ports.ts';
import { sourceNetwork } from './source-network.ts';

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
  /** What the last request's `Via` named: the proxies that it came through, which a parent proxy is told along with us. */
  via: readonly string[];
  /** The service whose place this connection holds, idle or not; null until somebody is known. */
  place: string | null;
  /** The source whose place for the unproven this connection holds; null once somebody is known. */
  unproven: string | null;
}

/** The sockets of the connection are gone; nothing is left to say. */
export interface Over {
  readonly kind: 'over';
  readonly by: EndedBy;
}

/** Takes a place for the service that asks now, giving up that of another one. False when the service has none left. */
export function takePlace(client: ClientContext, service: string): boolean {
  if (client.place === service) return true;
  leavePlace(client);
  if (!client.ports.registry.enter(service)) return false;
  client.place = service;
  settle(client);
  return true;
}

/** Takes a place among the connections of its source that have proven nothing yet; false when there is none left. */
export function arrive(client: ClientContext): boolean {
  const source = sourceNetwork(client.facts.sourceAddress);
  if (!client.ports.registry.arrive(source)) return false;
  client.unproven = source;
  return true;
}

/** Gives up the place among the unproven, if one is held. */
export function settle(client: ClientContext): void {
  if (client.unproven !== null) client.ports.registry.settle(client.unproven);
  client.unproven = null;
}

/** Gives up the place, if one is held. */
export function leavePlace(client: ClientContext): void {
  if (client.place !== null) client.ports.registry.leave(client.place);
  client.place = null;
}

/** Makes the context of a fresh connection. */
export function clientContext(ports: SessionPorts, facts: ConnectionFacts): ClientContext {
  return { ports, facts, isSecured: false, certificate: null, challenges: 0, via: [], place: null, unproven: null };
}
