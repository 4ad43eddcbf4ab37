import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { parseHashes } from './bundle.ts';
import { consistencyRanges, inclusionRanges, type LeafRange, perfectRanges } from './proof.ts';
import { type Tile, tilePath, tileWidth, widthAt } from './tile.ts';
import { perfectRoot, rootOfPeaks, type TreeHasher } from './tree-hasher.ts';

/** Reads the bytes of a tile; null where it is not there. */
export type ReadTile = (tile: Tile) => Promise<Uint8Array | null>;

/** Makes proofs from the tiles of a tree. Faults: `tile_malformed`, naming the tile that is missing or not as wide as it should be. */
export interface Prover {
  /** The hashes that prove leaf `index`. */
  inclusion(index: number): Promise<Result<readonly Uint8Array[], Fault<'tile_malformed'>>>;
  /** The hashes that prove that the first `oldCount` leaves were a tree by themselves. */
  consistency(oldCount: number): Promise<Result<readonly Uint8Array[], Fault<'tile_malformed'>>>;
}

/** Tiles that are kept, 8 KiB each: neighbouring leaves share all but the lowest. */
const maxKeptTiles = 256;
/** Roots of parts of tiles that are kept, 32 bytes each: proofs of neighbouring leaves differ in few of them, and each costs up to 255 hashes. */
const maxKeptRoots = 4_096;

/** Makes a {@link Prover} of a tree of `size` leaves. */
export function createProver(size: number, readTile: ReadTile, hasher: TreeHasher): Prover {
  const kept = new Map<string, readonly Uint8Array[]>();
  const roots = new Map<string, Uint8Array>();
  const hashesOf = async (
    level: number,
    index: number,
  ): Promise<Result<readonly Uint8Array[], Fault<'tile_malformed'>>> => {
    const tile: Tile = { level, index, width: widthAt(level, index, size) };
    const path = tilePath(tile);
    const known = kept.get(path);
    if (known !== undefined) return ok(known);
    const bytes = await readTile(tile);
    const hashes = bytes === null ? failed(fault('tile_malformed', 'it is not there')) : parseHashes(bytes, tile.width);
    if (!hashes.ok) return failed(fault('tile_malformed', `tile \`${path}\` cannot be used: ${hashes.fault.message}`));
    if (kept.size >= maxKeptTiles) kept.delete(kept.keys().next().value ?? path);
    kept.set(path, hashes.value);
    return hashes;
  };
  const rootOf = async ({ level, first, count }: Place): Promise<Result<Uint8Array, Fault<'tile_malformed'>>> => {
    const name = `${level}/${first}+${count}`;
    const known = roots.get(name);
    if (known !== undefined) return ok(known);
    const hashes = await hashesOf(level, Math.floor(first / tileWidth));
    if (!hashes.ok) return hashes;
    const root = perfectRoot(hasher, hashes.value.slice(first % tileWidth, (first % tileWidth) + count));
    if (roots.size >= maxKeptRoots) roots.delete(roots.keys().next().value ?? name);
    roots.set(name, root);
    return ok(root);
  };
  const hashOf = async (range: LeafRange): Promise<Result<Uint8Array, Fault<'tile_malformed'>>> => {
    const peaks: Uint8Array[] = [];
    for (const place of perfectRanges(range).map(placeOf)) {
      const root = await rootOf(place);
      if (!root.ok) return root;
      peaks.push(root.value);
    }
    return ok(rootOfPeaks(hasher, peaks));
  };
  const hashesOfAll = async (
    ranges: readonly LeafRange[],
  ): Promise<Result<readonly Uint8Array[], Fault<'tile_malformed'>>> => {
    const hashes: Uint8Array[] = [];
    for (const range of ranges) {
      const hash = await hashOf(range);
      if (!hash.ok) return hash;
      hashes.push(hash.value);
    }
    return ok(hashes);
  };
  return {
    inclusion: (index) => hashesOfAll(inclusionRanges(index, size)),
    consistency: (oldCount) => hashesOfAll(oldCount === 0 ? [] : consistencyRanges(oldCount, size)),
  };
}

/** Where the hashes of a perfect range are: `count` of them from `first` on, at a level of tiles. */
interface Place {
  readonly level: number;
  readonly first: number;
  readonly count: number;
}

function placeOf({ from, until }: LeafRange): Place {
  let [level, width] = [0, 1];
  while (width * tileWidth <= until - from) {
    level += 1;
    width *= tileWidth;
  }
  return { level, first: from / width, count: (until - from) / width };
}
