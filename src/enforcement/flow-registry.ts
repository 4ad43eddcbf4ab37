import type { FlowRegistry } from './session-ports.ts';

/** Counts connections under keys, each against the same limit. */
class KeyCounter {
  readonly #most: number;
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get total(): number {
    return this.#total;
  }

  get open(): ReadonlyMap<string, number> {
    return this.#open;
  }

  enter(key: string): boolean {
    const open = this.#open.get(key) ?? 0;
    if (open >= this.#most) return false;
    this.#open.set(key, open + 1);
    this.#total += 1;
    return true;
  }

  leave(key: string): void {
    const open = this.#open.get(key) ?? 0;
    if (open > 1) this.#open.set(key, open - 1);
    else this.#open.delete(key);
    this.#total -= open > 0 ? 1 : 0;
  }
}

/**
 * Counts the connections of each service, idle ones too, and those of each source that have proven nothing yet, each against a limit.
 * Both are bounded by the connections of the listener.
 */
export class ServiceCounter implements FlowRegistry {
  readonly #services: KeyCounter;
  readonly #sources: KeyCounter;

  /** How many connections one service may have open, and one source before it proves anything. */
  constructor(limits: { readonly perPrincipal: number; readonly unprovenPerSource: number }) {
    this.#services = new KeyCounter(limits.perPrincipal);
    this.#sources = new KeyCounter(limits.unprovenPerSource);
  }

  /** Connections in all whose principal is known. */
  get total(): number {
    return this.#services.total;
  }

  /** Connections by service; a view, not a copy. */
  get byService(): ReadonlyMap<string, number> {
    return this.#services.open;
  }

  arrive(source: string): boolean {
    return this.#sources.enter(source);
  }

  settle(source: string): void {
    this.#sources.leave(source);
  }

  enter(service: string): boolean {
    return this.#services.enter(service);
  }

  leave(service: string): void {
    this.#services.leave(service);
  }
}
