import type { DnsMessage } from '../../wire/index.ts';
import type { UpstreamTransport } from './upstream-server.ts';

/** The frame of one attempt at one server. Instants are of `performance.now()`. */
export interface Attempt {
  /** Longest wait for one exchange of messages, in milliseconds. */
  readonly attemptMs: number;
  /** When the whole question ends. */
  readonly deadlineMs: number;
  /** Ends the attempt when another server was faster, or nobody waits any more. */
  readonly signal: AbortSignal;
  /** Told of each response that was not ours. */
  readonly onDropped: () => void;
}

/** What came of an attempt: an answer that is ours, or none and why. */
export type Outcome =
  | { readonly kind: 'answer'; readonly message: DnsMessage; readonly transport: UpstreamTransport }
  | { readonly kind: 'failed'; readonly why: string; readonly isTimeout: boolean };

/** An attempt that came to nothing; `why` starts lower-case and is for people. */
export function failedBecause(why: string): Outcome {
  return { kind: 'failed', why, isTimeout: false };
}

/** An attempt whose time ran out. */
export const timedOut: Outcome = { kind: 'failed', why: 'the server did not answer in time', isTimeout: true };

/** An attempt that ended from our side. */
export const letGo: Outcome = failedBecause('the question was given up');

/** What is left of an attempt for one exchange, in milliseconds, at least 1. */
export function timeLeftMs(attempt: Attempt): number {
  return Math.max(1, Math.min(attempt.attemptMs, attempt.deadlineMs - performance.now()));
}

/** Why a socket failed, as an outcome. */
export function failedBySocket(error: NodeJS.ErrnoException): Outcome {
  return failedBecause(`the server could not be asked (${error.code ?? error.message})`);
}

/** Who hears of the end of a wait: `settle` takes what came, `release` gives back sockets and places. Both are called once. */
export interface Wait<T> {
  readonly settle: (outcome: T | Outcome) => void;
  readonly release: () => void;
}

/** Bounds a wait by the attempt's time and signal. Gives the function that ends it; later calls do nothing. */
export function waitWithin<T>(attempt: Attempt, { settle, release }: Wait<T>): (outcome: T | Outcome) => void {
  let isDone = false;
  const finish = (outcome: T | Outcome): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    attempt.signal.removeEventListener('abort', onAbort);
    release();
    settle(outcome);
  };
  const onAbort = (): void => finish(letGo);
  const timer = setTimeout(() => finish(timedOut), timeLeftMs(attempt));
  attempt.signal.addEventListener('abort', onAbort);
  return finish;
}
