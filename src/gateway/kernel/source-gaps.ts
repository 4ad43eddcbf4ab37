import { addressNumber, addressText, lastAddressNumber } from './address-number.ts';
import type { SourceEntry } from './kernel-plan.ts';

/**
 * The sources of one family in order, with the gaps between them as entries of service 0, so that every address has one: an address
 * that the map did not know would keep the mark that its flow had before. Null when two entries overlap.
 */
export function fillSourceGaps(family: 4 | 6, sources: readonly SourceEntry[]): readonly SourceEntry[] | null {
  const runs = sources
    .filter((source) => source.family === family)
    .map((source) => ({ source, from: addressNumber(source.from), to: addressNumber(source.to) }))
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  const filled: SourceEntry[] = [];
  let next = 0n;
  const fillTo = (end: bigint): void => {
    if (next > end) return;
    filled.push({ family, from: addressText(family, next), to: addressText(family, end), serviceId: 0 });
  };
  for (const { source, from, to } of runs) {
    if (from < next || to < from) return null;
    fillTo(from - 1n);
    filled.push(source);
    next = to + 1n;
  }
  fillTo(lastAddressNumber(family));
  return filled;
}

/** Looks up the service of an address among sources without gaps, as {@link fillSourceGaps} gives them. */
export function createServiceLookup(filled: readonly SourceEntry[]): (address: string) => number {
  const ends = filled.map(({ to }) => addressNumber(to));
  return (address) => {
    const wanted = addressNumber(address);
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0n) < wanted) low = middle + 1;
      else high = middle;
    }
    return filled[low]?.serviceId ?? 0;
  };
}
