/** Hashes, or entries, of a full tile (C2SP tlog-tiles: height 8). */
export const tileWidth = 256;

/**
 * A tile by its place: `entries` holds leaves `256 * index` and following; level L holds hashes of perfect trees of 256^L leaves. A tile is
 * full with 256 of them, and partial with fewer.
 */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** Levels that a tree within safe integers can have. */
const maxLevel = 6;
const pathForm = /^tile\/(?<level>entries|[0-6])\/(?<index>(?:x\d{3}\/){0,5}\d{3})(?:\.p\/(?<width>[1-9]\d{0,2}))?$/;

/** The path of a tile: `tile/0/x001/067.p/12`, `tile/entries/000`. */
export function tilePath({ level, index, width }: Tile): string {
  const groups: string[] = [];
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`${groups.length === 0 ? '' : 'x'}${String(rest % 1000).padStart(3, '0')}`);
  }
  return `tile/${level}/${groups.join('/')}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** Reads the path of a tile; null for any other, and for a second spelling of one. */
export function parseTilePath(path: string): Tile | null {
  const groups = pathForm.exec(path)?.groups;
  if (groups === undefined) return null;
  const level = groups['level'] === 'entries' ? 'entries' : Number(groups['level']);
  const index = Number((groups['index'] ?? '').replace(/[x/]/g, ''));
  const tile = { level, index, width: Number(groups['width'] ?? tileWidth) } as const;
  return Number.isSafeInteger(index) && tilePath(tile) === path ? tile : null;
}

/** How many hashes (or entries) level `level` has in a tree of `size` leaves. */
export function countAt(level: Tile['level'], size: number): number {
  return level === 'entries' ? size : Math.floor(size / tileWidth ** level);
}

/** How wide a tile is in a tree of `size` leaves: 0 for one that is not there. */
export function widthAt(level: Tile['level'], index: number, size: number): number {
  return Math.max(0, Math.min(tileWidth, countAt(level, size) - index * tileWidth));
}

/** Whether a tree of `size` leaves has this very tile. */
export function isTileOf(tile: Tile, size: number): boolean {
  return widthAt(tile.level, tile.index, size) === tile.width;
}

/** The levels that a tree of `size` leaves has hashes on, from 0. */
export function levelsOf(size: number): readonly number[] {
  return Array.from({ length: maxLevel + 1 }, (_, level) => level).filter((level) => countAt(level, size) > 0);
}

/** The partial tile that a level ends with in a tree of `size` leaves; of width 0 where it ends with a full one. */
export function lastTile(level: Tile['level'], size: number): Tile {
  const index = Math.floor(countAt(level, size) / tileWidth);
  return { level, index, width: widthAt(level, index, size) };
}

/** Every partial tile of a tree of `size` leaves. */
export function partialTiles(size: number): readonly Tile[] {
  const levels: readonly Tile['level'][] = ['entries', ...levelsOf(size)];
  return levels.map((level) => lastTile(level, size)).filter((tile) => tile.width > 0);
}
