import { rootOfPeaks, type TreeHasher } from './tree-hasher.ts';

/** A tree that only grows, kept as the roots of its perfect parts: its root at every size, for a few hashes of memory. */
export interface CompactRange {
  size(): number;
  append(leafHash: Uint8Array): void;
  root(): Uint8Array;
}

/** Begins an empty {@link CompactRange}. */
export function createCompactRange(hasher: TreeHasher): CompactRange {
  // By height; null where the binary form of the size has a 0.
  const parts: (Uint8Array | null)[] = [];
  let size = 0;
  const append = (leafHash: Uint8Array): void => {
    let carried = leafHash;
    let height = 0;
    for (let part = parts[0]; part !== null && part !== undefined; part = parts[height]) {
      carried = hasher.node(part, carried);
      parts[height] = null;
      height += 1;
    }
    parts[height] = carried;
    size += 1;
  };
  const root = (): Uint8Array => rootOfPeaks(hasher, parts.filter((part) => part !== null).reverse());
  return { size: () => size, append, root };
}
