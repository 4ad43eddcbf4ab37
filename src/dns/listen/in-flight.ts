import type { ClientShare } from './client-share.ts';

/** How many answers may be waited for. */
export interface InFlightLimits {
  readonly maxInFlight: number;
  readonly maxClientInFlight: number;
}

/** Counts the answers that are waited for, in all and by client, and wakes in order who waits for room. */
export class InFlight {
  readonly #limits: InFlightLimits;
  readonly #waiting = new Set<() => void>();
  #count = 0;
  /** Told when nothing is waited for any more. */
  onEmpty: (() => void) | null = null;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  /** Answers waited for in all. */
  get count(): number {
    return this.#count;
  }

  /** Whether one more answer may be waited for. */
  hasRoom(share: ClientShare): boolean {
    return this.#count < this.#limits.maxInFlight && share.inFlight < this.#limits.maxClientInFlight;
  }

  enter(share: ClientShare): void {
    this.#count += 1;
    share.inFlight += 1;
  }

  leave(share: ClientShare): void {
    this.#count -= 1;
    share.inFlight -= 1;
    // Whoever is woken may find an answer at once, or be gone: then the room is the next one's.
    while (this.hasRoom(share) && wakeFirst(share.waiting));
    while (this.#count < this.#limits.maxInFlight && wakeFirst(this.#waiting));
    if (this.#count === 0) this.onEmpty?.();
  }

  /** Calls `onRoom` once when there may be room: it looks again, and waits again where there is none. */
  wait(share: ClientShare, onRoom: () => void): void {
    const isShareFull = share.inFlight >= this.#limits.maxClientInFlight;
    (isShareFull ? share.waiting : this.#waiting).add(onRoom);
  }

  /** Takes back a `wait`. */
  forget(share: ClientShare, onRoom: () => void): void {
    share.waiting.delete(onRoom);
    this.#waiting.delete(onRoom);
  }
}

function wakeFirst(waiting: Set<() => void>): boolean {
  const [first] = waiting;
  if (first === undefined) return false;
  waiting.delete(first);
  first();
  return true;
}
