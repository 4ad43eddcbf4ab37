import { type DnsTransport, dnsTransports } from './dns-client.ts';

/** Why something got no answer, or another one than the filter's. */
export const listenReasons = {
  /** Shorter than a header, or a response: a server that is answered would answer in turn. */
  not_a_query: 'dropped: too short, or a response',
  /** Nothing can listen on port 0: the source is forged. */
  port_zero: 'dropped: came from port 0',
  over_rate_dropped: 'dropped: the client asks too fast over UDP',
  over_rate_truncated:
    'answered with TC alone: the client asks too fast over UDP, a forged one cannot come back over TCP',
  over_rate_slowed: 'the client asks too fast, its connection or request waited',
  in_flight_full: 'dropped over UDP, made to wait elsewhere: too many answers are waited for',
  filter_failed: 'answered with SERVFAIL: the filter threw, rejected, or gave what is no reply',
  filter_late: 'answered with SERVFAIL: the filter took too long',
  filter_dropped: 'dropped: the filter gave no reply',
  /** Told by the native transport alone. */
  receive_queue_full: 'dropped: questions came faster over UDP than they were read',
  send_failed: 'dropped: the system did not send a reply over UDP',
  send_queue_full: 'dropped: the kernel does not take datagrams fast enough',
  connection_limit: 'connection reset: too many are open',
  source_limit: 'connection reset: its source has too many open',
  handshake_failed: 'connection cut: no TLS 1.2 or later in time',
  first_question_late: 'connection cut: no whole question in time',
  idle: 'connection closed: neither question nor answer for a while',
  unread: 'connection cut: the peer does not read its answers',
  request_refused: 'HTTP request answered with 4xx',
  request_late: 'HTTP request cut: its body did not come in time',
  request_flood: 'HTTP connection cut: too many requests at once, or taken back',
  socket_failed: 'a socket or connection reported an error',
} as const;

/** A key of `listenReasons`. */
export type ListenReason = keyof typeof listenReasons;

/** What the listeners counted since the start, and what they hold now. */
export interface DnsListenerCounts {
  /** Questions that came to the filter. */
  readonly questions: Readonly<Record<DnsTransport, number>>;
  /** By reason; see `listenReasons`. */
  readonly reasons: Readonly<Record<ListenReason, number>>;
  /** Connections that were taken. */
  readonly connected: number;
  /** Connections open now. */
  readonly connections: number;
  /** Answers waited for now. */
  readonly inFlight: number;
  /** Clients whose rate is remembered now. */
  readonly clients: number;
}

/** The counters as the listeners raise them. @internal */
export interface ListenTally {
  readonly questions: Record<DnsTransport, number>;
  readonly reasons: Record<ListenReason, number>;
  connected: number;
}

/** Counters at zero. @internal */
export function createTally(): ListenTally {
  const reasons = Object.fromEntries(Object.keys(listenReasons).map((reason) => [reason, 0]));
  const questions = Object.fromEntries(dnsTransports.map((transport) => [transport, 0]));
  return {
    questions: questions as Record<DnsTransport, number>,
    reasons: reasons as Record<ListenReason, number>,
    connected: 0,
  };
}
