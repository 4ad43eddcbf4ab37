import { createDomainCounter } from '../domain-counter.ts';
import type { UpstreamQuestion } from './query.ts';
import { type SharedWork, shareWork } from './shared-work.ts';

/** The questions being asked, each once, within bounds. */
export interface InFlight<T> {
  readonly size: number;
  /** The work on an equal question, or null. */
  find(question: UpstreamQuestion): SharedWork<T> | null;
  /** Starts work on a question; null past a bound. The work never rejects. */
  begin(question: UpstreamQuestion, work: (signal: AbortSignal) => Promise<T>): SharedWork<T> | null;
  stopAll(): void;
}

/** How many questions, in all and below one registrable domain. */
export interface InFlightBounds {
  readonly maxInFlight: number;
  readonly maxInFlightPerDomain: number;
}

/** Makes an empty set of questions. */
export function createInFlight<T>(bounds: InFlightBounds): InFlight<T> {
  const domains = createDomainCounter(bounds.maxInFlightPerDomain);
  const running = new Map<string, SharedWork<T>>();
  return {
    get size() {
      return running.size;
    },
    find: (question) => running.get(keyOf(question)) ?? null,
    begin: (question, work) => {
      if (running.size >= bounds.maxInFlight || !domains.enter(question.name)) return null;
      let isOver = false;
      const leave = (): void => {
        if (isOver) return;
        isOver = true;
        running.delete(keyOf(question));
        domains.leave(question.name);
      };
      // Who comes after the last one left starts anew: work that was stopped has no answer for anybody.
      const shared = shareWork((signal) => work(signal).finally(leave), leave);
      running.set(keyOf(question), shared);
      return shared;
    },
    stopAll: () => {
      for (const one of [...running.values()]) one.stop();
    },
  };
}

function keyOf({ name, type }: UpstreamQuestion): string {
  return `${type} ${name}`;
}
