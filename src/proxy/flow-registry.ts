import type { FlowRegistry } from '../enforcement/index.ts';

/** Counts the connections of each service, idle ones too, against one limit for each. */
export class ServiceCounter implements FlowRegistry {
  readonly #perService: number;
  readonly #open = new Map<string, number>();
  #total = 0;

  /** `perService` is how many connections one service may have open. */
  constructor(perService: number) {
    this.#perService = perService;
  }

  /** Connections in all whose principal is known. */
  get total(): number {
    return this.#total;
  }

  /** Connections by service; a view, not a copy. */
  get byService(): ReadonlyMap<string, number> {
    return this.#open;
  }

  enter(service: string): boolean {
    const open = this.#open.get(service) ?? 0;
    if (open >= this.#perService) return false;
    this.#open.set(service, open + 1);
    this.#total += 1;
    return true;
  }

  leave(service: string): void {
    const open = this.#open.get(service) ?? 0;
    if (open > 1) this.#open.set(service, open - 1);
    else this.#open.delete(service);
    this.#total -= open > 0 ? 1 : 0;
  }
}
