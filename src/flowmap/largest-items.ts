/** Keeps the largest of many items, in the order in which they came; of equal ones the earlier. Holds twice as many as it keeps. */
export class LargestItems<T> {
  readonly #most: number;
  readonly #sizeOf: (item: T) => number;
  #held: { readonly item: T; readonly size: number; readonly place: number }[] = [];
  #count = 0;

  constructor(most: number, sizeOf: (item: T) => number) {
    this.#most = most;
    this.#sizeOf = sizeOf;
  }

  /** Takes an item, which may drop the smallest. */
  add(item: T): void {
    this.#held.push({ item, size: this.#sizeOf(item), place: this.#count });
    this.#count += 1;
    if (this.#held.length > 2 * this.#most) this.#drop();
  }

  /** The largest, in the order in which they came. */
  items(): readonly T[] {
    this.#drop();
    return this.#held.map(({ item }) => item);
  }

  /** How many there were besides. */
  omitted(): number {
    return Math.max(0, this.#count - this.#most);
  }

  #drop(): void {
    if (this.#held.length <= this.#most) return;
    const largest = this.#held.sort((a, b) => b.size - a.size || a.place - b.place).slice(0, this.#most);
    this.#held = largest.sort((a, b) => a.place - b.place);
  }
}
