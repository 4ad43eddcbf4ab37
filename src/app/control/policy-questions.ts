import { failed, fault, type Result } from '../../base/index.ts';

/** Questions that wait for the answer of a worker. */
export interface Questions {
  /** Sends a question under a fresh number and waits for its answer. Fault: `policy_busy`. */
  ask<T>(send: (id: number) => void): Promise<Result<T>>;
  answered(id: number, answer: Result<unknown>): void;
  /** The worker is gone: everybody is told. */
  failAll(): void;
}

// A policy of a million rules is compiled in seconds and parsed in half a minute; callers of the API give up before that.
const timeoutMs = 8_000;
const maxWaiting = 64;

/** Makes the list of waiting questions. */
export function createQuestions(): Questions {
  const waiting = new Map<number, (answer: Result<unknown>) => void>();
  let last = 0;
  const busy = (): Result<never> =>
    failed(fault('policy_busy', 'the policy is being compiled, ask again in a few seconds'));
  return {
    ask: <T>(send: (id: number) => void) => {
      if (waiting.size >= maxWaiting) return Promise.resolve(busy());
      last += 1;
      const id = last;
      return new Promise<Result<T>>((resolve) => {
        const timer = setTimeout(() => end(busy()), timeoutMs);
        const end = (answer: Result<unknown>): void => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(answer as Result<T>);
        };
        waiting.set(id, end);
        send(id);
      });
    },
    answered: (id, answer) => waiting.get(id)?.(answer),
    failAll: () => {
      for (const end of [...waiting.values()]) end(busy());
    },
  };
}
