/** Every limit of a proxy listener, filled in. Durations are milliseconds, sizes bytes. */
export interface SessionLimits {
  /** Connections open at once, over all principals; past it: 503 `connection_limit`. */
  readonly connections: number;
  /** Connections open at once for one service, idle ones too; past it: 503 `connection_limit`. */
  readonly perPrincipal: number;
  /** Connections of one source address (IPv6: /64) whose principal is not known yet; past it: reset. */
  readonly unprovenPerSource: number;
  /** From the accept, or the end of the last request, first byte to whole head; past it: closed. */
  readonly headTimeoutMs: number;
  /** From the first byte of a ClientHello to its last; past it: reset `hello_unreadable`. */
  readonly helloTimeoutMs: number;
  /** Verifying proofs (keys may have to be fetched) and resolving; past it: a challenge, or 502. */
  readonly askTimeoutMs: number;
  /** All dial attempts of one flow together; past it: 502 `upstream_unreachable`. */
  readonly dialTimeoutMs: number;
  /** No byte in either direction; past it: closed, `endedBy` timeout. */
  readonly idleTimeoutMs: number;
  /** From the accept of a connection; past it: closed, `endedBy` timeout. */
  readonly totalTimeoutMs: number;
  /** A request or response head; past it: 400. */
  readonly maxHeadBytes: number;
  /** A ClientHello with its record headers; past it: reset `hello_unreadable`. */
  readonly maxHelloBytes: number;
  /** Challenges (407) in a row on one connection; with the last one it is closed. */
  readonly maxChallenges: number;
  /** Time between two progress records of one tunnel. */
  readonly progressIntervalMs: number;
  /** Bytes that may wait for one side before the other is no longer read. */
  readonly maxQueuedBytes: number;
}

/** The defaults, with the reason for each number. */
export const defaultLimits: SessionLimits = {
  // About 16 KiB of memory each: 125 MiB for the lot.
  connections: 8000,
  // One runaway workload leaves room for seven others.
  perPrincipal: 1000,
  // A quarter of all: one host that proves nothing cannot take every slot for the time of a head.
  unprovenPerSource: 2000,
  // The same as Squid's request_start_timeout class: slow heads (slowloris) hold a slot this long at most.
  headTimeoutMs: 10_000,
  // DESIGN 5.1.
  helloTimeoutMs: 5000,
  askTimeoutMs: 10_000,
  // A SYN and two retransmissions (1 s, 3 s, 7 s).
  dialTimeoutMs: 10_000,
  idleTimeoutMs: 600_000,
  totalTimeoutMs: 86_400_000,
  // DESIGN 5.1; the same as Node's own default.
  maxHeadBytes: 16_384,
  maxHelloBytes: 16_384,
  maxChallenges: 3,
  // A record a tunnel every five minutes: 8,000 tunnels write 27 a second.
  progressIntervalMs: 300_000,
  // One read of the kernel's socket buffer.
  maxQueuedBytes: 262_144,
};
