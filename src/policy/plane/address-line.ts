import { type IpAddress, ipAddressFromWords, isIsatap } from '../../destination/index.ts';

/** The two lines of addresses: each address is a number on the line of its family. */
export type Family = IpAddress['family'];

/** Both families, in the order of every list here. */
export const families: readonly Family[] = [4, 6];

/** Addresses of one family from `first` to `last`, both included, as numbers. */
export interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

/** Places on both lines, in no order: each begins a stretch in which an answer may be another than before it. */
export type Cuts = Readonly<Record<Family, bigint[]>>;

/** Every address of a family. */
export const wholeLine: Readonly<Record<Family, Span>> = {
  4: { first: 0n, last: 2n ** 32n - 1n },
  6: { first: 0n, last: 2n ** 128n - 1n },
};

/** The first address of the well-known prefix of NAT64 (RFC 6052 section 2.1). */
const nat64First = 0x0064ff9bn << 96n;

/** The number of an address given as words. */
export function placeOf(words: Iterable<number>): bigint {
  let place = 0n;
  for (const word of words) place = (place << 32n) | BigInt(word);
  return place;
}

/** The address at a place. */
export function addressAt(family: Family, place: bigint): IpAddress {
  if (family === 4) return ipAddressFromWords([Number(place)]);
  const word = (shift: bigint): number => Number((place >> shift) & 0xffffffffn);
  return ipAddressFromWords([word(96n), word(64n), word(32n), word(0n)]);
}

/** The span of a block of `length` leading bits. Of an IPv4 block only the first word counts. */
export function spanOfBlock(family: Family, length: number, words: ArrayLike<number>): Span {
  const first = placeOf(Array.from({ length: family === 4 ? 1 : 4 }, (_, index) => words[index] ?? 0));
  return { first, last: first + (1n << BigInt((family === 4 ? 32 : 128) - length)) - 1n };
}

/**
 * Cuts the line at both ends of a span; the line of IPv6 too where it carries that IPv4 by the well-known prefix of NAT64. Other embeddings
 * need no cut: whole blocks of them are forbidden, and ISATAP is left out (see {@link witnessOf}).
 */
export function addCuts(cuts: Cuts, family: Family, { first, last }: Span): void {
  cuts[family].push(first, last + 1n);
  if (family === 4) cuts[6].push(nat64First + first, nat64First + last + 1n);
}

/** Sorts places, each once. */
export function sortPlaces(places: readonly bigint[]): readonly bigint[] {
  const sorted = places.toSorted(compare);
  return sorted.filter((place, index) => index === 0 || place !== sorted[index - 1]);
}

/** Joins spans that meet or touch, in order. */
export function joinSpans(spans: readonly Span[]): readonly Span[] {
  const joined: Span[] = [];
  for (const span of spans.toSorted((one, other) => compare(one.first, other.first))) {
    const before = joined.at(-1);
    if (before === undefined || span.first > before.last + 1n) joined.push(span);
    else if (span.last > before.last) joined[joined.length - 1] = { first: before.first, last: span.last };
  }
  return joined;
}

/** The stretches of a span between cuts, of lists that are sorted each. */
export function* cellsOf(span: Span, ...lists: readonly (readonly bigint[])[]): Generator<Span> {
  const inside = lists.flatMap((places) => places.slice(firstAfter(places, span.first), firstAfter(places, span.last)));
  let { first } = span;
  for (const place of sortPlaces(inside)) {
    yield { first, last: place - 1n };
    first = place;
  }
  yield { first, last: span.last };
}

/**
 * An address that stands for a cell; null for one of ISATAP addresses only. These lie in every network, each with the IPv4 address that it
 * carries, so no cell tells what is said of them: whoever keeps spans refuses them all by `isatapForm`.
 */
export function witnessOf(family: Family, { first, last }: Span): IpAddress | null {
  const address = addressAt(family, first);
  if (!isIsatap(address)) return address;
  const next = ((first >> 32n) + 1n) << 32n;
  return next <= last ? addressAt(family, next) : null;
}

/** Where the first place behind `place` stands. */
function firstAfter(places: readonly bigint[], place: bigint): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] as bigint) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
