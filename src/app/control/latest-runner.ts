/** Does one thing again and again, always for the latest asking: what is asked while it works is done once more afterwards. */
export interface LatestRunner {
  ask(): void;
  /** Settles when a run that began after the last `ask` has succeeded, when it is closed, or after the bound. Gives whether one has. */
  done(): Promise<boolean>;
  close(): void;
}

/** What to do, how long to wait after it failed, and how long somebody waits for it. */
export interface LatestRunnerOptions {
  /** Gives whether it succeeded. What it throws counts as a failure and is told to `failed`. */
  run(): Promise<boolean>;
  failed(error: unknown): void;
  readonly retryMs: number;
  readonly doneWithinMs: number;
}

interface Waiting {
  readonly at: number;
  end(isDone: boolean): void;
}

/** Makes a runner; nothing runs before the first `ask`. */
export function createLatestRunner(options: LatestRunnerOptions): LatestRunner {
  let asked = 0;
  let succeeded = 0;
  let isRunning = false;
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;
  const waiting = new Set<Waiting>();

  const release = (): void => {
    for (const one of waiting) if (isClosed || one.at <= succeeded) one.end(one.at <= succeeded);
  };
  const begin = async (): Promise<void> => {
    if (isRunning || isClosed) return;
    isRunning = true;
    clearTimeout(retry);
    const upTo = asked;
    const isDone = await options.run().catch((error: unknown) => {
      options.failed(error);
      return false;
    });
    isRunning = false;
    if (isDone) succeeded = upTo;
    release();
    if (isClosed || succeeded === asked) return;
    // A failure waits; what was asked meanwhile does not.
    if (isDone || asked > upTo) void begin();
    else retry = setTimeout(() => void begin(), options.retryMs);
  };
  return {
    ask: () => {
      asked += 1;
      void begin();
    },
    done: () =>
      new Promise((resolve) => {
        if (isClosed || asked === succeeded) return resolve(asked === succeeded);
        const timer = setTimeout(() => one.end(false), options.doneWithinMs);
        const one: Waiting = {
          at: asked,
          end: (isDone) => {
            clearTimeout(timer);
            waiting.delete(one);
            resolve(isDone);
          },
        };
        waiting.add(one);
      }),
    close: () => {
      isClosed = true;
      clearTimeout(retry);
      release();
    },
  };
}
