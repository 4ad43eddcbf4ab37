import type { Server } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Clock, Result } from '../base/index.ts';
import type {
  ByteMeter,
  ConnectionFacts,
  Conversation,
  EndedBy,
  LiveFlow,
  Resolver,
  SessionLimits,
  VerifyProof,
} from '../enforcement/index.ts';
import type { DecisionRecord } from '../policy/index.ts';

/** Where to listen; port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * An address, or a socket that is bound already: its descriptor, or a server that another process handed over. Whoever made it may have
 * given it powers that we do not hold, such as taking connections to any address (IP_TRANSPARENT) or of another network namespace.
 */
export type ListenTarget = ListenAddress | { readonly fd: number } | { readonly given: Server };

/** What a TLS handshake needs: a context, and whether the client is asked for a certificate. None is ever required. */
export interface HandshakeMaterial {
  readonly context: SecureContext;
  readonly requestCertificate: boolean;
}

/** What a driver needs to run conversations. */
export interface TransportOptions {
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** TLS from clients; asked at every handshake. Null: not configured, a client that starts TLS is reset. */
  tls(): HandshakeMaterial | null;
  /** The parent proxy that `dial_parent` reaches, or null. */
  readonly parent: ListenAddress | null;
  startConversation(facts: ConnectionFacts): Conversation;
  readonly verify: VerifyProof;
  resolve: Resolver['resolve'];
  record(record: DecisionRecord): void;
  opened(): void;
  /** A broken invariant: the connection was reset. */
  failed(where: string, error: unknown): void;
  /**
   * The bytes of a link's flow are past what this meter lets pass: true when something else justifies it from now on; else the link was cut.
   */
  outOfBudget(link: LiveLink, meter: ByteMeter): boolean;
  /** A flow became live, or ended: for those who watch when it must be judged again. */
  flowChanged?(link: LiveLink): void;
}

/** One live connection, as those see it who judge it again. */
export interface LiveLink {
  /** Canonical text. */
  readonly sourceAddress: string;
  readonly flow: LiveFlow | null;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Resets both sides at once and tells nobody yet: for many in a row, each to be cut in the same turn. */
  reset(by: EndedBy): void;
  /** Resets both sides at once; the conversation records who ended it. */
  cut(by: EndedBy): void;
  /** What counts the bytes of its flow has changed: for those who do not look at each of them. */
  meterChanged?(): void;
}

/** A driver at work. */
export interface Transport {
  /** Listens; gives the bound address. Faults: `listen_address_in_use`, `listen_forbidden` and the other codes of socket faults. */
  listen(target: ListenTarget): Promise<Result<ListenAddress>>;
  /** Every open connection. */
  readonly links: ReadonlySet<LiveLink>;
  /** Stops accepting, lets open tunnels go on for `drainMs`, then cuts them (`endedBy` shutdown). */
  close(options: { readonly drainMs: number }): Promise<void>;
}
