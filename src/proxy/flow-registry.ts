import type { FlowRegistry } from '../enforcement/index.ts';

/** Counts the open flows of each service, against one limit for each. */
export class ServiceCounter implements FlowRegistry {
  readonly #perService: number;
  readonly #open = new Map<string, number>();
  #total = 0;

  /** `perService` is how many flows one service may have open. */
  constructor(perService: number) {
    this.#perService = perService;
  }

  /** Open flows in all. */
  get total(): number {
    return this.#total;
  }

  /** Open flows by service; a view, not a copy. */
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
