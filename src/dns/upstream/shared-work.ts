/** Work that several callers wait for; it is stopped when the last of them leaves. */
export interface SharedWork<T> {
  /** Waits for the work, at most until the signal; `left` is what a caller gets who leaves before the end. */
  join(signal: AbortSignal | undefined, left: T): Promise<T>;
  stop(): void;
}

/** Starts work that is shared. It never rejects and heeds its signal; `onAbandoned` is told when it was stopped because nobody waits. */
export function shareWork<T>(work: (signal: AbortSignal) => Promise<T>, onAbandoned: () => void): SharedWork<T> {
  const stop = new AbortController();
  const outcome = work(stop.signal);
  let waiting = 0;
  const leave = (): void => {
    waiting -= 1;
    if (waiting > 0) return;
    onAbandoned();
    stop.abort();
  };
  return {
    join: async (signal, left) => {
      waiting += 1;
      return signal === undefined ? outcome : Promise.race([outcome, leaving(signal, outcome, { leave, left })]);
    },
    stop: () => stop.abort(),
  };
}

interface Leaver<T> {
  readonly leave: () => void;
  readonly left: T;
}

function leaving<T>(signal: AbortSignal, outcome: Promise<T>, { leave, left }: Leaver<T>): Promise<T> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      leave();
      resolve(left);
    };
    const forget = (): void => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    outcome.then(forget, forget);
  });
}
