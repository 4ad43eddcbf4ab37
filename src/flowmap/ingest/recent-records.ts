/** Remembers what earlier records of a source said, by an id, up to a bound: past it the oldest is forgotten. */
export class RecentRecords<T> {
  readonly #byId = new Map<string, T>();
  readonly #maxRecords: number;

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  /** What is remembered of an id. */
  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  /** Remembers; an id that was known counts as new. */
  set(id: string, record: T): void {
    this.#byId.delete(id);
    this.#byId.set(id, record);
    if (this.#byId.size <= this.#maxRecords) return;
    for (const oldest of this.#byId.keys()) {
      this.#byId.delete(oldest);
      return;
    }
  }

  /** Gives what is remembered of an id, and forgets it. */
  take(id: string): T | undefined {
    const record = this.#byId.get(id);
    this.#byId.delete(id);
    return record;
  }
}
