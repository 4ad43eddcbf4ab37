/** What one client has left of its rate, and what it waits for. @internal */
export interface ClientShare {
  readonly key: string;
  /** Questions that it may ask at once. */
  tokens: number;
  /** When `tokens` was last worked out, epoch milliseconds. */
  filledAt: number;
  /** Datagrams past the rate: every second one gets an answer with TC. */
  overCount: number;
  /** Answers that it waits for. */
  inFlight: number;
  /** What goes on once one of them has come. */
  readonly waiting: Set<() => void>;
  /** Neighbours in the order of being seen. */
  older: ClientShare;
  newer: ClientShare;
}

/** A share of its own, not in any order yet. @internal */
export function createShare(key: string, tokens: number, nowMs: number): ClientShare {
  const share = { key, tokens, filledAt: nowMs, overCount: 0, inFlight: 0, waiting: new Set<() => void>() };
  const linked: ClientShare = Object.assign(share, { older: share as ClientShare, newer: share as ClientShare });
  return linked;
}
