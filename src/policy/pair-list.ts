/**
 * Pairs of rows that are cleared and filled again for every decision. An array set to length 0 gives its memory back, and two
 * allocations a decision were a third of its time.
 */
export class PairList {
  #rows = new Int32Array(32);
  /** Pairs times two. */
  length = 0;

  clear(): void {
    this.length = 0;
  }

  push(match: number, member: number): void {
    if (this.length === this.#rows.length) this.#grow();
    this.#rows[this.length] = match;
    this.#rows[this.length + 1] = member;
    this.length += 2;
  }

  pushAll(other: PairList): void {
    for (let i = 0; i < other.length; i += 2) this.push(other.at(i), other.at(i + 1));
  }

  at(index: number): number {
    return this.#rows[index] as number;
  }

  /** A copy that lives as long as a verdict. */
  copy(): readonly number[] {
    if (this.length === 2) return [this.at(0), this.at(1)];
    return Array.from(this.#rows.subarray(0, this.length));
  }

  #grow(): void {
    const grown = new Int32Array(this.#rows.length * 2);
    grown.set(this.#rows);
    this.#rows = grown;
  }
}
