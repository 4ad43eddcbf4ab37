import { encodeBundle } from './bundle.ts';
import { type Tile, tileWidth } from './tile.ts';
import { joinBytes, perfectRoot, rootOfPeaks, type TreeHasher } from './tree-hasher.ts';

/**
 * The right edge of a tree: all that is needed to let it grow. `entries` are the leaves after the last full tile of entries; `levels[L]` the
 * hashes of level L after its last full tile (at most 255 each).
 */
export interface TreeEdge {
  readonly size: number;
  readonly entries: readonly Uint8Array[];
  readonly levels: readonly (readonly Uint8Array[])[];
}

/** A tile with its bytes. */
export interface TileBytes {
  readonly tile: Tile;
  readonly bytes: Uint8Array;
}

/** The edge of a tree without leaves. */
export const emptyEdge: TreeEdge = { size: 0, entries: [], levels: [] };

/**
 * Lets a tree grow by leaves: the new edge, and every tile that is new or wider, children before their parents. Tiles are whole or as wide as
 * the new tree has them.
 */
export function growTree(
  edge: TreeEdge,
  leaves: readonly Uint8Array[],
  hasher: TreeHasher,
): { readonly edge: TreeEdge; readonly tiles: readonly TileBytes[] } {
  const tiles: TileBytes[] = [];
  const size = edge.size + leaves.length;
  const entries = cutTiles([...edge.entries, ...leaves], Math.floor(edge.size / tileWidth));
  tiles.push(...entries.map(({ index, items }) => toTile('entries', index, items)));
  const levels: (readonly Uint8Array[])[] = [];
  let risen = leaves.map((leaf) => hasher.leaf(leaf));
  for (let level = 0; risen.length > 0 || level < edge.levels.length; level += 1) {
    const before = Math.floor(edge.size / tileWidth ** (level + 1));
    const rows = cutTiles([...(edge.levels[level] ?? []), ...risen], before);
    if (risen.length > 0) tiles.push(...rows.map(({ index, items }) => toTile(level, index, items)));
    levels.push(restOf(rows));
    risen = rows.filter(isFull).map(({ items }) => perfectRoot(hasher, items));
  }
  return { edge: { size, entries: restOf(entries), levels }, tiles };
}

/** The root of the tree with this edge. */
export function rootOfEdge(levels: TreeEdge['levels'], hasher: TreeHasher): Uint8Array {
  return rootOfPeaks(
    hasher,
    [...levels].reverse().flatMap((hashes) => peaksOf(hashes, hasher)),
  );
}

/** The roots of the perfect trees over a row of hashes, largest first. */
function peaksOf(hashes: readonly Uint8Array[], hasher: TreeHasher): readonly Uint8Array[] {
  const peaks: Uint8Array[] = [];
  let from = 0;
  for (let width = tileWidth / 2; width >= 1; width /= 2) {
    if ((hashes.length & width) === 0) continue;
    peaks.push(perfectRoot(hasher, hashes.slice(from, from + width)));
    from += width;
  }
  return peaks;
}

interface TileRow {
  readonly index: number;
  readonly items: readonly Uint8Array[];
}

function cutTiles(items: readonly Uint8Array[], firstIndex: number): readonly TileRow[] {
  const count = Math.ceil(items.length / tileWidth);
  return Array.from({ length: count }, (_, at) => ({
    index: firstIndex + at,
    items: items.slice(at * tileWidth, (at + 1) * tileWidth),
  }));
}

function isFull(row: TileRow): boolean {
  return row.items.length === tileWidth;
}

function restOf(rows: readonly TileRow[]): readonly Uint8Array[] {
  const last = rows.at(-1);
  return last === undefined || isFull(last) ? [] : last.items;
}

function toTile(level: Tile['level'], index: number, items: readonly Uint8Array[]): TileBytes {
  const bytes = level === 'entries' ? encodeBundle(items) : joinBytes(items);
  return { tile: { level, index, width: items.length }, bytes };
}
