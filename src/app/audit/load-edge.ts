import {
  type Checkpoint,
  emptyEdge,
  isSameBytes,
  type LeafSource,
  lastTile,
  levelsOf,
  openCheckpoint,
  parseBundle,
  parseHashes,
  renderVerifierKey,
  rootOfEdge,
  type Tile,
  type TreeEdge,
  type TreeHasher,
  tilePath,
  tileWidth,
  type VerifierKey,
} from '../../audit/index.ts';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { checkEd25519 } from './note-signer.ts';
import type { TileFiles } from './tile-files.ts';

/** The folder, or the store, is not what was signed: nothing may be signed on top of it. */
export type DivergedFault = Fault<'audit_log_diverged'>;

/** What the writer starts from: the edge of the tree that was signed last, and the text of its checkpoint; null before the first. */
export interface SignedEdge {
  readonly edge: TreeEdge;
  readonly note: string | null;
}

/**
 * Loads the edge of the tree that was signed last. Fault `audit_log_diverged`: the checkpoint is not of this key, the tiles do not have its
 * root, or the store has not the entries that were signed. Rejects with what the file system says.
 */
export async function loadEdge(
  files: TileFiles,
  leaves: LeafSource,
  { key, hasher }: { readonly key: VerifierKey; readonly hasher: TreeHasher },
): Promise<Result<SignedEdge, DivergedFault>> {
  const pub = await files.read('log.pub');
  if (pub !== null && Buffer.from(pub).toString() !== `${renderVerifierKey(key)}\n`) {
    return diverged('`log.pub` is of another key than `keys/audit.key`');
  }
  const note = await files.read('checkpoint');
  if (note === null) return ok({ edge: emptyEdge, note: null });
  const text = Buffer.from(note).toString();
  const checkpoint = openCheckpoint(text, key, checkEd25519);
  if (!checkpoint.ok) return diverged(`of its checkpoint, ${checkpoint.fault.message}`);
  const edge = await readEdge(files, checkpoint.value);
  if (edge === null || !isSameBytes(rootOfEdge(edge.levels, hasher), checkpoint.value.root)) {
    return diverged('its last tiles are not what its checkpoint signs');
  }
  const isOurs = await isInStore(files, leaves, edge);
  return isOurs ? ok({ edge, note: text }) : diverged('the store has not the entries that were signed');
}

async function readEdge(files: TileFiles, { size }: Checkpoint): Promise<TreeEdge | null> {
  const levels: (readonly Uint8Array[])[] = [];
  for (const level of levelsOf(size)) {
    const hashes = await readPartial(files, lastTile(level, size));
    if (hashes === null) return null;
    levels.push(hashes);
  }
  const entries = await readPartial(files, lastTile('entries', size));
  return entries === null ? null : { size, entries, levels };
}

async function readPartial(files: TileFiles, tile: Tile): Promise<readonly Uint8Array[] | null> {
  if (tile.width === 0) return [];
  const bytes = await files.read(tilePath(tile));
  if (bytes === null) return null;
  const items = tile.level === 'entries' ? parseBundle(bytes, tile.width) : parseHashes(bytes, tile.width);
  return items.ok ? items.value : null;
}

/** Compares the last entries that were signed with the store: a store that was put back to an earlier state, or to another, has others. */
async function isInStore(files: TileFiles, leaves: LeafSource, { size, entries }: TreeEdge): Promise<boolean> {
  if (size === 0) return true;
  if ((await leaves.size()) < size) return false;
  const full: Tile = { level: 'entries', index: Math.floor(size / tileWidth) - 1, width: tileWidth };
  const last = entries.length > 0 ? entries : await readPartial(files, full);
  if (last === null) return false;
  const stored = await leaves.leaves(size - last.length, size);
  return stored.length === last.length && stored.every((leaf, at) => isSameBytes(leaf, last[at] ?? new Uint8Array(0)));
}

function diverged(why: string): Result<never, DivergedFault> {
  const mend = 'run `exeat audit verify`, and put back the folder, the store or the key that belong together';
  return failed(fault('audit_log_diverged', `the audit log is not written on: ${why}; ${mend}`));
}
