import type { Clock, Fault, Result } from '../../base/index.ts';
import type { DnsMessage } from '../../wire/index.ts';
import type { UpstreamQuestion } from './query.ts';
import type { ServerHealth } from './server-health.ts';
import type { UpstreamTransport } from './upstream-server.ts';

/** How upstream servers are asked. Servers are spelled as `parseServer` reads them. */
export interface UpstreamOptions {
  readonly clock: Clock;
  /** Servers for all names of no zone in `forward`; null for the system's. Default: null. */
  readonly servers?: readonly string[] | null;
  /** Zones with the servers that are asked for them and everything below, the longest one first; '' stands for `servers`. Default: none. */
  readonly forward?: ReadonlyMap<string, readonly string[]>;
  /** Who may sign certificates of servers, PEM; null for those that the platform trusts. Default: null. */
  readonly authorities?: readonly string[] | null;
  /** Longest wait for one exchange with one server, in milliseconds. Default: 2000. */
  readonly attemptMs?: number;
  /** Longest wait for a question, over all servers, in milliseconds. Default: 5000. */
  readonly totalMs?: number;
  /** After how long a second server is asked as well, in milliseconds. Default: 300. */
  readonly hedgeMs?: number;
  /** Questions being asked at once; past it a question fails at once. Default: 1000. */
  readonly maxInFlight?: number;
  /** Questions below one registrable domain being asked at once; past it such a question fails at once. Default: 100. */
  readonly maxInFlightPerDomain?: number;
  /** Questions waiting on one connection at once; past it the next server is asked. Default: 1000. */
  readonly maxPipelined?: number;
  /** How long a connection is kept without questions, in milliseconds. Default: 30,000. */
  readonly idleMs?: number;
  /** Where the system's servers are listed. Default: `/etc/resolv.conf`. */
  readonly systemFile?: string;
}

/** An answer, and whence it came. `message` says NOERROR or NXDOMAIN; its id is of no use, its names are spelled as asked. */
export interface UpstreamAnswer {
  readonly message: DnsMessage;
  /** Canonical spelling: `192.0.2.53:53`. */
  readonly server: string;
  readonly transport: UpstreamTransport;
  /** Of the attempt that was answered, in milliseconds. */
  readonly tookMs: number;
}

/**
 * Why there is no answer. `upstream_failed`: no server could say. `upstream_busy`: too many questions are being asked. `upstream_closed`:
 * after `close()`. `question_given_up`: the caller's signal. `question_malformed`: not a name that DNS can hold.
 */
export type UpstreamFault = Fault<
  'upstream_failed' | 'upstream_busy' | 'upstream_closed' | 'question_given_up' | 'question_malformed'
>;

/** What was done since these upstreams were made. Each question is in one of shared, answered, failed, refused, or in flight. */
export interface UpstreamCounts {
  readonly asked: number;
  /** Questions that took the answer of an equal one already in flight. */
  readonly shared: number;
  readonly answered: number;
  readonly failed: number;
  /** Questions past a bound. */
  readonly refused: number;
  readonly attempts: number;
  /** Attempts that backed a slow server. */
  readonly hedged: number;
  /** Responses that were not ours. */
  readonly dropped: number;
  readonly inFlight: number;
}

/** The upstream servers. `ask` never rejects; after `close()` it fails at once, and so does what is being asked. */
export interface Upstreams {
  ask(question: UpstreamQuestion, signal?: AbortSignal): Promise<Result<UpstreamAnswer, UpstreamFault>>;
  counts(): UpstreamCounts;
  /** One entry for each configured server. */
  health(): readonly ServerHealth[];
  close(): void;
}
