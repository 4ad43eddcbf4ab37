/**
 * Lets so many works run at once; the others wait in turn. Who waits holds one of the connections of the listener, which are bounded.
 * `isFull()`: so many wait that another one had better come again later.
 */
export interface Turns {
  <T>(work: () => Promise<T>): Promise<T>;
  isFull(): boolean;
}

/** Makes turns. `mostWaiting`: from how many on it is full; nobody is turned away by itself. */
export function createTurns(most: number, mostWaiting: number = Number.POSITIVE_INFINITY): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  return Object.assign(inTurn, { isFull: () => waiting.length >= mostWaiting });
}
