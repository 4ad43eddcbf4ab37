import type { Server } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../base/index.ts';
import type { DatagramSocket, ListenAddress } from '../../transport/index.ts';
import type { AnswerQuery, DnsTransport } from './dns-client.ts';

/**
 * An address to listen on, for one transport. A wildcard (`0.0.0.0`, `::`) is allowed: with sockets of Node the kernel then picks the address from
 * which a reply over UDP goes out, which is another than was asked on a machine with several. `::` takes IPv6 only.
 */
export interface DnsListenAddress extends ListenAddress {
  readonly transport: DnsTransport;
  /** For TCP: a server that another process bound there and handed over. Default: it is bound here. */
  readonly given?: Server;
}

/** What the handshakes of DNS over TLS and over HTTPS need. */
export interface DnsListenTls {
  /**
   * The certificate and its key, asked for anew at each handshake. A client that has only TLS 1.1 or older is cut. Without tickets
   * (`SSL_OP_NO_TICKET`, as `trust` makes it) where certificates are asked for: OpenSSL refuses to resume such a session, and a
   * resumed one would prove nothing afresh.
   */
  context(): SecureContext;
  /** Whether clients are asked for a certificate. None is ever required. */
  readonly requestCertificate: boolean;
}

/** The bounds of the listeners. */
export interface DnsListenLimits {
  /** Longest reply over UDP, in bytes: 1,232 fits every path (RFC 9715). */
  readonly maxUdpBytes: number;
  /** Size asked of the kernel for what waits to be read from a UDP socket; it gives at most `net.core.rmem_max`. */
  readonly receiveBufferBytes: number;
  /** Questions a second of one client, IPv4 address or IPv6 /56. */
  readonly questionsPerSecond: number;
  /** Questions of one client at once before the rate holds. */
  readonly questionBurst: number;
  /** Clients whose rate is remembered; past it the one seen longest ago is forgotten. */
  readonly maxClients: number;
  /** How long a connection over the rate is not read, in milliseconds. */
  readonly slowMs: number;
  /** Answers waited for in all. */
  readonly maxInFlight: number;
  /** Answers waited for by one client, so that names that nobody answers do not end DNS for the others. */
  readonly maxClientInFlight: number;
  /** Answers waited for on one connection; further questions stay unread. */
  readonly maxConnectionInFlight: number;
  /** The longest wait for the filter, in milliseconds; then the client gets SERVFAIL. */
  readonly answerTimeoutMs: number;
  /** Connections in all, handshakes included. */
  readonly maxConnections: number;
  /** Connections of one source, IPv4 address or IPv6 /56. */
  readonly maxSourceConnections: number;
  /** Handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** First whole question of a connection, and the body of a request, in milliseconds. */
  readonly firstQuestionTimeoutMs: number;
  /** How long a connection may be without a question or an answer, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Answers that a peer has not taken; past it the connection is cut. */
  readonly maxUnsentBytes: number;
  /** Streams that an HTTP/2 client may take back beyond a tenth of those it opened. */
  readonly maxStreamResets: number;
}

/** What `createDnsListener` needs. */
export interface DnsListenerOptions {
  readonly answer: AnswerQuery;
  /** How long HTTP caches may keep a reply, in seconds. */
  ttlOf(reply: Uint8Array): number;
  readonly clock: Clock;
  /** For DNS over TLS and over HTTPS. Default: null, addresses of these transports are refused. */
  readonly tls?: DnsListenTls | null;
  /** Other bounds than the default ones. Default: none. */
  readonly limits?: Partial<DnsListenLimits>;
  /** Makes a socket for UDP. Default: null, one of `node:dgram`. */
  readonly createDatagramSocket?: ((receiveBufferBytes: number) => DatagramSocket) | null;
}

/** The bounds where the options say nothing. */
export const defaultListenLimits: DnsListenLimits = {
  maxUdpBytes: 1_232,
  // Some 10,000 queries as the kernel counts them: half a second of a flood that is read late.
  receiveBufferBytes: 4 * 1024 * 1024,
  // A busy recursive client asks some hundred a second; one host that asks thousands is broken or an attack.
  questionsPerSecond: 1_000,
  questionBurst: 2_000,
  maxClients: 10_000,
  slowMs: 100,
  maxInFlight: 2_000,
  maxClientInFlight: 500,
  maxConnectionInFlight: 32,
  // Longer than any lookup of the resolver may take: this ends only what was lost.
  answerTimeoutMs: 10_000,
  maxConnections: 512,
  maxSourceConnections: 64,
  handshakeTimeoutMs: 5_000,
  firstQuestionTimeoutMs: 5_000,
  // RFC 7766 section 6.2.3 asks for a few seconds.
  idleTimeoutMs: 10_000,
  maxUnsentBytes: 256 * 1024,
  maxStreamResets: 100,
};
