import type { Span } from './address-line.ts';

/** Something that holds in a span. */
export interface SpannedValue<T> {
  readonly span: Span;
  readonly value: T;
}

/** Joins spans of equal keys that touch. Spans are added in rising order. */
export class SpanJoiner<T> {
  readonly #open = new Map<string, { first: bigint; last: bigint; readonly value: T }>();
  readonly #done: SpannedValue<T>[] = [];

  add({ first, last }: Span, key: string, value: T): void {
    const before = this.#open.get(key);
    if (before !== undefined && before.last + 1n === first) {
      before.last = last;
      return;
    }
    if (before !== undefined) this.#done.push(spanned(before));
    this.#open.set(key, { first, last, value });
  }

  /** What was joined, in order of the first address; those of one address in the order in which they were added. */
  finish(): readonly SpannedValue<T>[] {
    for (const each of this.#open.values()) this.#done.push(spanned(each));
    this.#open.clear();
    return this.#done.sort(byFirst);
  }
}

function spanned<T>({ first, last, value }: Span & { readonly value: T }): SpannedValue<T> {
  return { span: { first, last }, value };
}

function byFirst(one: SpannedValue<unknown>, other: SpannedValue<unknown>): number {
  return one.span.first < other.span.first ? -1 : one.span.first > other.span.first ? 1 : 0;
}
