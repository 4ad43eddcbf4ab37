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
