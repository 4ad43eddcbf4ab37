import {
  createTreeHasher,
  growTree,
  isTileOf,
  type LeafSource,
  maxEntryBytes,
  type NoteSigner,
  parseTilePath,
  partialTiles,
  renderVerifierKey,
  rootOfEdge,
  signCheckpoint,
  type TreeEdge,
  tilePath,
  tileWidth,
} from '../../audit/index.ts';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { type DivergedFault, loadEdge, type SignedEdge } from './load-edge.ts';
import { sha256 } from './note-signer.ts';
import type { TileFiles } from './tile-files.ts';

/** A checkpoint that is on disk with everything that it covers. */
export interface WrittenCheckpoint {
  readonly size: number;
  readonly note: string;
}

/** Why the log could not be brought up to the store. */
export type WriteTilesFault = Fault<'audit_unwritable'> | DivergedFault;

/** Brings the files of the log up to the store. */
export interface TileWriter {
  /**
   * Writes tiles for every leaf that is committed when it is called, then the checkpoint. Calls while one works share the next. A fault leaves
   * the checkpoint of before in force, and the next call tries again.
   */
  write(): Promise<Result<WrittenCheckpoint, WriteTilesFault>>;
}

/** What a writer needs. */
export interface TileWriterOptions {
  readonly files: TileFiles;
  readonly leaves: LeafSource;
  readonly signer: NoteSigner;
}

/** Leaves between two checkpoints while a long backlog is written: what is on disk so far counts when the writer is stopped. */
const checkpointEvery = 65_536;

/** Makes the writer of a log. It is the only one of its folder: the state has one writer. */
export function createTileWriter(options: TileWriterOptions): TileWriter {
  const run = createRun(options);
  let running: Promise<Result<WrittenCheckpoint, WriteTilesFault>> | null = null;
  let next: Promise<Result<WrittenCheckpoint, WriteTilesFault>> | null = null;
  const write: TileWriter['write'] = () => {
    if (running === null) {
      running = run().finally(() => {
        running = null;
      });
      return running;
    }
    next ??= running.then(() => {
      next = null;
      return write();
    });
    return next;
  };
  return { write };
}

function createRun(options: TileWriterOptions): () => Promise<Result<WrittenCheckpoint, WriteTilesFault>> {
  // Null before the first run and after a fault: then the files are asked again where they stand.
  let signed: SignedEdge | null = null;
  return async () => {
    try {
      const start: Result<SignedEdge, DivergedFault> = signed === null ? await open(options) : ok(signed);
      signed = null;
      if (!start.ok) return start;
      signed = await writeUpTo(options, start.value, await options.leaves.size());
      return ok({ size: signed.edge.size, note: signed.note ?? '' });
    } catch (error) {
      signed = null;
      const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      return failed(fault('audit_unwritable', `the audit log cannot be written (${why}): mend its folder or its disk`));
    }
  };
}

/** Loads what was signed, and removes the partial tiles that a stopped writer left. */
async function open({ files, leaves, signer }: TileWriterOptions): Promise<Result<SignedEdge, DivergedFault>> {
  // Names that a run put before it failed.
  await files.force();
  const loaded = await loadEdge(files, leaves, { key: signer.key, hasher: createTreeHasher(sha256) });
  if (!loaded.ok || loaded.value.note === null) return loaded;
  const { size } = loaded.value.edge;
  for (const path of await files.list()) {
    const tile = parseTilePath(path);
    if (tile !== null && tile.width < tileWidth && !isTileOf(tile, size)) await files.drop(path);
  }
  return loaded;
}

async function writeUpTo(options: TileWriterOptions, from: SignedEdge, size: number): Promise<SignedEdge> {
  let signed = from;
  while (signed.note === null || signed.edge.size < size) {
    signed = await writeCheckpoint(options, signed, Math.min(size, signed.edge.size + checkpointEvery));
  }
  return signed;
}

async function writeCheckpoint(options: TileWriterOptions, before: SignedEdge, size: number): Promise<SignedEdge> {
  const { files, signer } = options;
  if (before.note === null) await files.put('log.pub', Buffer.from(`${renderVerifierKey(signer.key)}\n`));
  const edge = await writeTiles(options, before.edge, size);
  // Everything that the checkpoint covers is on disk before the checkpoint is: whenever this is cut short, the one there holds.
  await files.force();
  const note = signCheckpoint({ size, root: rootOfEdge(edge.levels, createTreeHasher(sha256)) }, signer);
  await files.put('checkpoint', Buffer.from(note));
  await files.force();
  for (const tile of partialTiles(before.edge.size)) {
    if (!isTileOf(tile, size)) await files.drop(tilePath(tile));
  }
  return { edge, note };
}

/** Writes the tiles of leaves `edge.size` to `size`, a tile of entries at a time: 16 MiB of leaves at most. */
async function writeTiles({ files, leaves }: TileWriterOptions, from: TreeEdge, size: number): Promise<TreeEdge> {
  const hasher = createTreeHasher(sha256);
  let edge = from;
  while (edge.size < size) {
    const until = Math.min(size, (Math.floor(edge.size / tileWidth) + 1) * tileWidth);
    const more = await leaves.leaves(edge.size, until);
    if (more.length !== until - edge.size || more.some((leaf) => leaf.length > maxEntryBytes)) {
      throw new TypeError('the store did not give the entries that it has');
    }
    const grown = growTree(edge, more, hasher);
    for (const { tile, bytes } of grown.tiles) {
      // A tile that is wider at the end is written once, then.
      if (isTileOf(tile, size)) await files.put(tilePath(tile), bytes);
    }
    edge = grown.edge;
  }
  return edge;
}
