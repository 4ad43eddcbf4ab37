/** Work on the kernel, one at a time and in the order in which it was asked for; calls of one kind that wait side by side go together. */
export interface KernelQueue<T> {
  /** Does this alone. */
  alone<R>(work: () => Promise<R>): Promise<R>;
  /**
   * Does this in one transaction with others of its kind that wait at its side. False: it was not confirmed, or had no place, or waited
   * past its deadline, and then it was not begun.
   */
  together(kind: string, items: readonly T[], deadlineMs: number): Promise<boolean>;
}

/** Puts items of one kind into the kernel in one transaction; whether the kernel confirmed all of them. */
export type Committer<T> = (kind: string, items: readonly T[]) => Promise<boolean>;

interface Waiting<T> {
  /** Null: alone. */
  readonly kind: string | null;
  readonly size: number;
  readonly endsAt: number;
  readonly begin: () => Promise<void>;
  readonly items: readonly T[];
  readonly settle: (done: boolean) => void;
}

// One transaction of this many needs about 5 ms; what comes meanwhile waits for the next.
const mostTogether = 256;
const mostWaiting = 65_536;

/** Makes a queue that commits by `commit`. `now` is a clock in milliseconds that never goes back. */
export function createKernelQueue<T>(
  commit: Committer<T>,
  now: () => number = () => performance.now(),
): KernelQueue<T> {
  const waiting: Waiting<T>[] = [];
  let size = 0;
  let isBusy = false;

  const pump = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      size -= next.size;
      if (next.kind === null) await next.begin();
      else await commitTogether(next.kind, [next, ...takeAlike(next)]);
    }
    isBusy = false;
  };
  const takeAlike = (first: Waiting<T>): readonly Waiting<T>[] => {
    let count = first.size;
    const alike: Waiting<T>[] = [];
    for (let next = waiting[0]; next?.kind === first.kind && count + next.size <= mostTogether; next = waiting[0]) {
      waiting.shift();
      size -= next.size;
      count += next.size;
      alike.push(next);
    }
    return alike;
  };
  const commitTogether = async (kind: string, calls: readonly Waiting<T>[]): Promise<void> => {
    const [inTime, late] = splitByTime(calls, now());
    settleAll(late, false);
    if (inTime.length === 0) return;
    const all = inTime.flatMap((call) => call.items);
    const done = await commit(kind, all);
    if (done || inTime.length === 1) return settleAll(inTime, done);
    // One of them is wrong and the kernel took none: each for itself, so that the others do not pay.
    for (const call of inTime) call.settle(await commit(kind, call.items));
  };

  return {
    alone: (work) =>
      new Promise((resolve, reject) => {
        const begin = (): Promise<void> => work().then(resolve, reject);
        waiting.push({
          kind: null,
          size: 0,
          endsAt: Number.POSITIVE_INFINITY,
          begin,
          items: [],
          settle: () => undefined,
        });
        void pump();
      }),
    together: (kind, items, deadlineMs) => {
      if (items.length === 0) return Promise.resolve(true);
      if (size + items.length > mostWaiting) return Promise.resolve(false);
      return new Promise((resolve) => {
        size += items.length;
        waiting.push({
          kind,
          size: items.length,
          endsAt: now() + deadlineMs,
          begin: async () => undefined,
          items,
          settle: resolve,
        });
        void pump();
      });
    },
  };
}

function settleAll(calls: readonly { readonly settle: (done: boolean) => void }[], done: boolean): void {
  for (const call of calls) call.settle(done);
}

function splitByTime<W extends { readonly endsAt: number }>(calls: readonly W[], at: number): readonly [W[], W[]] {
  return [calls.filter((call) => call.endsAt > at), calls.filter((call) => call.endsAt <= at)];
}
