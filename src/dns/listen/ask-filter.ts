import type { ClientShare } from './client-share.ts';
import type { AnswerQuery, OwnClient } from './dns-client.ts';
import type { InFlight } from './in-flight.ts';
import type { ListenTally } from './listen-counts.ts';
import { headerBytes, makeServfail, writeServfail } from './query-bytes.ts';

/** What asking the filter needs. */
export interface AskFilterParts {
  readonly answer: AnswerQuery;
  readonly tally: ListenTally;
  readonly inFlight: InFlight;
  readonly answerTimeoutMs: number;
}

/** An answer that is waited for: the query's header, who asked, and how long the reply may be. */
export interface AwaitedAnswer {
  /** At least the first twelve bytes, in memory that stays. */
  readonly header: Uint8Array;
  readonly share: ClientShare;
  readonly maxBytes: number;
}

/** Asks the filter and keeps its faults from the sockets: what is no reply becomes SERVFAIL. */
export class AskFilter {
  readonly #parts: AskFilterParts;
  readonly #awaited = new Set<(reply: null) => void>();

  constructor(parts: AskFilterParts) {
    this.#parts = parts;
  }

  /** The length of the reply that stands in `into` (0: none), or a promise for `settle`. Never throws. */
  ask(query: Uint8Array, client: OwnClient, into: Uint8Array): number | Promise<unknown> {
    const { answer, tally } = this.#parts;
    tally.questions[client.transport] += 1;
    try {
      const given = answer(query, client, into);
      if (typeof given !== 'number') return Promise.resolve(given);
      if (given >= headerBytes && given <= Math.min(into.length, client.maxBytes) && Number.isInteger(given))
        return given;
      if (given === 0) tally.reasons.filter_dropped += 1;
      return given === 0 ? 0 : this.#servfail(query, into);
    } catch {
      // What it threw is the filter's to log; the client is told that it got no answer.
      return this.#servfail(query, into);
    }
  }

  /** Waits for a promise of `ask` and calls `done` once, with the reply or null for none. */
  settle(promise: Promise<unknown>, awaited: AwaitedAnswer, done: (reply: Uint8Array | null) => void): void {
    const { inFlight, tally, answerTimeoutMs } = this.#parts;
    let isDone = false;
    inFlight.enter(awaited.share);
    const finish = (reply: Uint8Array | null): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      this.#awaited.delete(finish);
      done(reply);
      inFlight.leave(awaited.share);
    };
    const timer = setTimeout(() => {
      tally.reasons.filter_late += 1;
      finish(makeServfail(awaited.header));
    }, answerTimeoutMs);
    this.#awaited.add(finish);
    promise.then(
      (reply) => finish(isDone ? null : this.#checked(reply, awaited)),
      () => finish(isDone ? null : this.#checked(undefined, awaited)),
    );
  }

  /** Gives up every answer that is waited for, without a reply. */
  abandon(): void {
    for (const finish of [...this.#awaited]) finish(null);
  }

  #checked(reply: unknown, { header, maxBytes }: AwaitedAnswer): Uint8Array | null {
    const { reasons } = this.#parts.tally;
    if (reply === null) {
      reasons.filter_dropped += 1;
      return null;
    }
    if (reply instanceof Uint8Array && reply.length >= headerBytes && reply.length <= maxBytes) return reply;
    reasons.filter_failed += 1;
    return makeServfail(header);
  }

  #servfail(query: Uint8Array, into: Uint8Array): number {
    this.#parts.tally.reasons.filter_failed += 1;
    return writeServfail(query, into);
  }
}
