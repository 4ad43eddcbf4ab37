import { isSameBytes, type TreeHasher } from './tree-hasher.ts';

/** Leaves `from` (included) to `until` (excluded). */
export interface LeafRange {
  readonly from: number;
  readonly until: number;
}

/** What proves that a leaf is in a tree: the hashes beside its way to the root, from the leaf up (RFC 9162 section 2.1.3). */
export interface InclusionClaim {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** What proves that a tree is the beginning of a larger one (RFC 9162 section 2.1.4). */
export interface ConsistencyClaim {
  readonly oldCount: number;
  readonly oldRoot: Uint8Array;
  readonly newCount: number;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The ranges whose hashes prove leaf `index` of a tree of `size` leaves, in the order of the proof. */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  const ranges: LeafRange[] = [];
  for (let from = 0, until = size; until - from > 1; ) {
    const middle = from + leftWidth(until - from);
    ranges.unshift(index < middle ? { from: middle, until } : { from, until: middle });
    if (index < middle) until = middle;
    else from = middle;
  }
  return ranges;
}

/** The ranges whose hashes prove that the first `oldCount` leaves of a tree of `size` were a tree by themselves. */
export function consistencyRanges(oldCount: number, size: number): readonly LeafRange[] {
  const ranges: LeafRange[] = [];
  let [from, until, isWhole] = [0, size, true];
  while (until > oldCount) {
    const middle = from + leftWidth(until - from);
    if (oldCount <= middle) {
      ranges.unshift({ from: middle, until });
      until = middle;
    } else {
      ranges.unshift({ from, until: middle });
      from = middle;
      isWhole = false;
    }
  }
  return isWhole ? ranges : [{ from, until }, ...ranges];
}

/** Whether a proof of inclusion holds (RFC 9162 section 2.1.3.2). */
export function isIncluded({ leafHash, index, size, root, proof }: InclusionClaim, hasher: TreeHasher): boolean {
  if (!Number.isSafeInteger(size) || !(index >= 0 && index < size)) return false;
  const ranges = inclusionRanges(index, size);
  if (proof.length !== ranges.length) return false;
  const computed = ranges.reduce((hash, range, at) => {
    const beside = proof[at] ?? hash;
    return range.from > index ? hasher.node(hash, beside) : hasher.node(beside, hash);
  }, leafHash);
  return isSameBytes(computed, root);
}

/** Whether a proof of consistency holds: both roots follow from it (RFC 9162 section 2.1.4.2). */
export function isConsistent(claim: ConsistencyClaim, hasher: TreeHasher): boolean {
  const { oldCount, oldRoot, newCount, newRoot, proof } = claim;
  if (!Number.isSafeInteger(newCount) || !(oldCount >= 0 && oldCount <= newCount)) return false;
  // Every tree begins with the empty one, and with itself: there is nothing to prove, and nothing to be taken for a proof.
  if (oldCount === 0) return proof.length === 0 && isSameBytes(oldRoot, hasher.empty());
  if (oldCount === newCount) return proof.length === 0 && isSameBytes(oldRoot, newRoot);
  const ranges = consistencyRanges(oldCount, newCount);
  if (proof.length !== ranges.length) return false;
  // The proof begins with a part of the old tree, but where the old tree is a whole part of the new one: its root is known then.
  const isPartGiven = ranges[0]?.until === oldCount;
  const [start = oldRoot, ...beside] = isPartGiven ? proof : [oldRoot, ...proof];
  const roots = joinBeside(start, beside, (at) => (ranges[at + (isPartGiven ? 1 : 0)]?.from ?? 0) >= oldCount, hasher);
  return isSameBytes(roots.old, oldRoot) && isSameBytes(roots.grown, newRoot);
}

/** Climbs to both roots: what stands to the right is of the new tree only, what stands to the left is of both. */
function joinBeside(
  start: Uint8Array,
  beside: readonly Uint8Array[],
  isRight: (at: number) => boolean,
  hasher: TreeHasher,
): { readonly old: Uint8Array; readonly grown: Uint8Array } {
  let [old, grown] = [start, start];
  for (const [at, hash] of beside.entries()) {
    if (!isRight(at)) old = hasher.node(hash, old);
    grown = isRight(at) ? hasher.node(grown, hash) : hasher.node(hash, grown);
  }
  return { old, grown };
}

/** The perfect trees that a range splits into, largest first; each begins at a multiple of its own width. @internal */
export function perfectRanges({ from, until }: LeafRange): readonly LeafRange[] {
  const ranges: LeafRange[] = [];
  for (let at = from; at < until; ) {
    const rest = until - at;
    const width = rest === leftWidth(rest) * 2 ? rest : leftWidth(rest);
    ranges.push({ from: at, until: at + width });
    at += width;
  }
  return ranges;
}

/** The largest power of two below a count of at least 2; 1 for 1. */
function leftWidth(count: number): number {
  let width = 1;
  while (width * 2 < count) width *= 2;
  return width;
}
