import type { PresentedProof } from '../../identity/index.ts';

/** The ways in which a client may ask. */
export const dnsTransports = ['udp', 'tcp', 'tls', 'https'] as const;

/** UDP, TCP (RFC 7766), TLS (RFC 7858) or HTTPS (RFC 8484). */
export type DnsTransport = (typeof dnsTransports)[number];

/**
 * Who asks. One object is used again for many questions: the filter reads what it needs before it returns, and copies what it
 * needs after that.
 */
export interface DnsClient {
  readonly transport: DnsTransport;
  /** Canonical text without a zone; an IPv4 client of a dual-stack socket is spelled as IPv4. */
  readonly address: string;
  readonly port: number;
  /** The longest reply that this listener sends to the client; over UDP the query may allow less. */
  readonly maxBytes: number;
  /** What was presented and is not verified yet: the certificate of the connection, the credential of a path. */
  readonly proofs: readonly PresentedProof[];
  /** When the question was taken (epoch milliseconds), by a listener that takes many at once. Default: now. */
  readonly takenAtMs?: number;
  /** Another number for each turn in which a listener takes many at once and nothing else runs. Default: this is the only one of its turn. */
  readonly turn?: number;
  /** Whether the client asks faster than it may. Over UDP such questions never come to the filter. */
  readonly isOverRate: boolean;
}

/**
 * The filter. Gives the length of the reply that it wrote into `into` (0: no reply), or a promise of a reply (null: none) where
 * something has to be asked first. All three arguments hold only until it returns: a promise works on copies. `into` has room for
 * `client.maxBytes`.
 */
export type AnswerQuery = (
  query: Uint8Array,
  client: DnsClient,
  into: Uint8Array,
) => number | Promise<Uint8Array | null>;

/** A client as its owner here writes it. @internal */
export type OwnClient = { -readonly [Key in keyof DnsClient]: DnsClient[Key] };
