import type { Checkpoint } from '../checkpoint.ts';
import { createCompactRange } from '../compact-range.ts';
import { levelsOf, tilePath, tileWidth, widthAt } from '../tile.ts';
import { perfectRoot, type TreeHasher } from '../tree-hasher.ts';
import type { EntryCheck } from './check-entries.ts';
import type { Findings } from './finding.ts';
import type { LogFiles } from './log-files.ts';
import { readTileItems } from './read-tile.ts';
import { settleTile, type TwoTellings } from './settle.ts';
import { settleEdge } from './settle-edge.ts';

/** What the tiles of a checkpoint are asked for. @internal */
export interface TilesQuestion {
  readonly files: LogFiles;
  readonly checkpoint: Checkpoint;
  readonly hasher: TreeHasher;
  readonly findings: Findings;
  readonly entries: EntryCheck;
  /** Sizes at which the root is wanted. */
  readonly sizes: ReadonlySet<number>;
}

/** A level while it is walked: the hashes that were made for its current tile, and what the file of that tile says. */
interface LevelWalk {
  made: (Uint8Array | null)[];
  fromFile: readonly Uint8Array[] | null;
}

/**
 * Walks the tiles of a checkpoint from the first entry to the last, every tile once, holding one tile of each level: entries are hashed, each
 * tile is made anew from what is below it, and the edge has to have the root that was signed. Gives the roots at the sizes asked for.
 * @internal
 */
export async function verifyTiles(question: TilesQuestion): Promise<ReadonlyMap<number, Uint8Array>> {
  const { checkpoint, hasher, findings, sizes } = question;
  const { size, root } = checkpoint;
  const walks: LevelWalk[] = levelsOf(size).map(() => ({ made: [], fromFile: null }));
  const roots = new Map<number, Uint8Array>();
  const range = createCompactRange(hasher);
  const append = (hashes: readonly Uint8Array[]): void => {
    for (const hash of hashes) {
      range.append(hash);
      if (sizes.has(range.size())) roots.set(range.size(), range.root());
    }
  };
  if (sizes.has(0)) roots.set(0, range.root());
  const partial = new Map<number, TwoTellings>();
  for (let index = 0; index * tileWidth < size; index += 1) {
    await openTiles(question, walks, index);
    const leaves = await leafTellings(question, index);
    if (leaves.fromBelow === null && leaves.fromFile === null) return roots;
    if (widthAt(0, index, size) < tileWidth) {
      partial.set(0, leaves);
      break;
    }
    append(rise(question, walks, leaves) ?? []);
  }
  for (const [level, walk] of walks.entries()) {
    if (level > 0 && walk.made.length > 0)
      partial.set(level, tellingsOf(level, Math.floor(size / tileWidth ** (level + 1)), walk));
  }
  append(settleEdge({ size, root, partial }, findings, hasher));
  return roots;
}

/** Reads the tiles above level 0 that begin at entry tile `index`, before what is below them: they judge it. */
async function openTiles(
  { files, checkpoint, findings }: TilesQuestion,
  walks: LevelWalk[],
  index: number,
): Promise<void> {
  for (const [level, walk] of walks.entries()) {
    const span = tileWidth ** level;
    if (level === 0 || index % span !== 0) continue;
    const width = widthAt(level, index / span, checkpoint.size);
    walk.fromFile = width === 0 ? null : await readTileItems(files, { level, index: index / span, width }, findings);
  }
}

async function leafTellings(question: TilesQuestion, index: number): Promise<TwoTellings> {
  const { files, checkpoint, findings, hasher, entries } = question;
  const width = widthAt('entries', index, checkpoint.size);
  const tile = { level: 'entries', index, width } as const;
  const bundle = await readTileItems(files, tile, findings);
  const path = tilePath(tile);
  for (const [at, bytes] of (bundle ?? []).entries()) entries.look(bytes, index * tileWidth + at, path);
  const fromFile = await readTileItems(files, { level: 0, index, width }, findings);
  if (bundle === null && fromFile === null) {
    findings.add(
      'unreadable',
      path,
      'neither these entries nor their hashes are there: nothing from here on was checked',
    );
  }
  return { level: 0, index, fromBelow: bundle?.map((bytes) => hasher.leaf(bytes)) ?? null, fromFile };
}

/** Settles a full tile of leaves and every tile that becomes full by it; gives the hashes of its leaves. */
function rise(
  { findings, hasher }: TilesQuestion,
  walks: LevelWalk[],
  leaves: TwoTellings,
): readonly Uint8Array[] | null {
  let tellings = leaves;
  let first: readonly Uint8Array[] | null = null;
  for (let level = 1; ; level += 1) {
    const above = walks[level];
    const parentHash = above?.fromFile?.[tellings.index % tileWidth] ?? null;
    const settled = settleTile(tellings, parentHash, findings, hasher);
    if (level === 1) first = settled;
    if (above === undefined) return first;
    above.made.push(settled === null ? parentHash : perfectRoot(hasher, settled));
    if (above.made.length < tileWidth) return first;
    tellings = tellingsOf(level, Math.floor(tellings.index / tileWidth), above);
    above.made = [];
  }
}

function tellingsOf(level: number, index: number, { made, fromFile }: LevelWalk): TwoTellings {
  const whole = made.filter((hash) => hash !== null);
  return { level, index, fromBelow: whole.length === made.length ? whole : null, fromFile };
}
