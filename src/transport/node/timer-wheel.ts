/** Something with a due time in a {@link TimerWheel}. The wheel's own fields are not for others. */
export interface WheelEntry {
  wheelDueMs: number;
  wheelSlot: number;
  /** Called when the time has come, never early, at most one tick late. */
  onDue(nowMs: number): void;
}

const tickMs = 250;
// 1,024 slots of 250 ms: an entry further away than four minutes is looked at once a turn.
const slotCount = 1024;

/**
 * One timer for every deadline of a driver: setting and clearing one costs a set operation, no timer of the platform
 * (performance.md 7.2: per-socket timers run on every read). Runs only while it holds something.
 */
export class TimerWheel {
  readonly #slots: Set<WheelEntry>[] = Array.from({ length: slotCount }, () => new Set());
  readonly #now: () => number;
  #timer: NodeJS.Timeout | null = null;
  #tick = 0;
  #size = 0;
  /** The time of the last tick: good enough to say when a connection was last active. */
  nowMs: number;

  /** `now` is monotonic milliseconds: a clock that is set back must not hold connections open. */
  constructor(now: () => number) {
    this.#now = now;
    this.nowMs = now();
    this.#tick = Math.floor(this.nowMs / tickMs);
  }

  /** Sets or moves the due time of an entry. */
  set(entry: WheelEntry, dueMs: number): void {
    this.clear(entry);
    this.#start();
    const dueTick = Math.max(Math.ceil(dueMs / tickMs), this.#tick + 1);
    entry.wheelDueMs = dueMs;
    entry.wheelSlot = dueTick % slotCount;
    this.#slots[entry.wheelSlot]?.add(entry);
    this.#size += 1;
  }

  /** Takes an entry out; nothing happens if it is not in. */
  clear(entry: WheelEntry): void {
    if (entry.wheelSlot < 0) return;
    if (this.#slots[entry.wheelSlot]?.delete(entry)) this.#size -= 1;
    entry.wheelSlot = -1;
  }

  /** The time now, which is also remembered as {@link nowMs}. */
  readNow(): number {
    this.nowMs = this.#now();
    return this.nowMs;
  }

  /** Stops the timer; entries that are left never come due. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #start(): void {
    if (this.#timer !== null) return;
    this.#tick = Math.floor(this.readNow() / tickMs);
    this.#timer = setInterval(() => this.#turn(), tickMs);
    this.#timer.unref();
  }

  #turn(): void {
    const nowMs = this.readNow();
    const last = Math.floor(nowMs / tickMs);
    // After a long stall each slot is visited once, not once for every tick that was missed.
    for (let tick = Math.max(this.#tick + 1, last - slotCount + 1); tick <= last; tick++) this.#visit(tick, nowMs);
    this.#tick = last;
    if (this.#size === 0) this.stop();
  }

  #visit(tick: number, nowMs: number): void {
    const slot = this.#slots[tick % slotCount];
    if (slot === undefined || slot.size === 0) return;
    for (const entry of [...slot]) {
      if (entry.wheelSlot < 0 || entry.wheelDueMs > nowMs) continue;
      this.clear(entry);
      entry.onDue(nowMs);
    }
  }
}
