import { maxBundleBytes, parseBundle, parseHashes } from '../bundle.ts';
import { parseEntry } from '../entry-codec.ts';
import { isTileOf, parseTilePath, type Tile, tilePath, tileWidth, widthAt } from '../tile.ts';
import { isSameBytes, perfectRoot, type TreeHasher } from '../tree-hasher.ts';
import type { Findings } from './finding.ts';
import type { LogFiles } from './log-files.ts';

/** More tiles that no checkpoint needs than any write leaves behind. */
const maxExtras = 10_000;

/** What is in the folder besides the tiles of the checkpoint. @internal */
export interface ExtrasQuestion {
  readonly files: LogFiles;
  readonly size: number;
  readonly hasher: TreeHasher;
  readonly findings: Findings;
}

/**
 * Accounts for every file of the folder. Besides the tiles of the checkpoint, a writer that was stopped leaves older partial tiles, which must
 * be the beginning of those of now, and newer ones, which must go on from them and fit each other. Anything else is unknown. Gives how many
 * files are past the checkpoint: what no signature covers yet. @internal
 */
export async function verifyExtras(question: ExtrasQuestion): Promise<number> {
  const extras = await listExtras(question);
  let past = 0;
  for (const tile of extras.values()) {
    if (tile.width < widthAt(tile.level, tile.index, question.size)) await checkOlder(question, tile);
    else {
      past += 1;
      await checkNewer(question, tile, extras);
    }
  }
  return past;
}

async function listExtras({ files, size, findings }: ExtrasQuestion): Promise<ReadonlyMap<string, Tile>> {
  const extras = new Map<string, Tile>();
  for await (const path of files.list()) {
    const tile = parseTilePath(path);
    if (path === 'checkpoint' || path === 'log.pub' || (tile !== null && isTileOf(tile, size))) continue;
    if (tile === null || extras.size >= maxExtras) findings.add('unknown_file', path, 'it is no file of the log');
    else extras.set(path, tile);
  }
  return extras;
}

async function checkOlder({ files, size, findings }: ExtrasQuestion, tile: Tile): Promise<void> {
  const path = tilePath(tile);
  const now = tilePath({ ...tile, width: widthAt(tile.level, tile.index, size) });
  const [older, newer] = [await readWhole(files, path), await readWhole(files, now)];
  const isWhole = older !== null && itemsOf(tile, older) !== null;
  if (!isWhole || newer === null || !isSameBytes(older, newer.subarray(0, older.length))) {
    findings.add('altered', path, `it is not the beginning of \`${now}\``);
  }
}

async function checkNewer(
  { files, size, hasher, findings }: ExtrasQuestion,
  tile: Tile,
  extras: ReadonlyMap<string, Tile>,
): Promise<void> {
  const path = tilePath(tile);
  const bytes = await readWhole(files, path);
  const items = bytes === null ? null : itemsOf(tile, bytes);
  const signed = widthAt(tile.level, tile.index, size);
  const beginning = signed === 0 ? new Uint8Array(0) : await readWhole(files, tilePath({ ...tile, width: signed }));
  const goesOn = bytes !== null && beginning !== null && isSameBytes(beginning, bytes.subarray(0, beginning.length));
  if (items === null || !goesOn) {
    findings.add('altered', path, 'it is past the checkpoint, and does not go on from what the checkpoint signs');
    return;
  }
  const isMade =
    tile.level === 'entries'
      ? items.every((entry, at) => isEntryAt(entry, tile.index * tileWidth + at))
      : await isMadeOf({ files, hasher, extras }, { ...tile, level: tile.level }, items.slice(signed));
  if (!isMade) findings.add('altered', path, 'it is past the checkpoint, and is not what the entries there make it');
}

interface Below {
  readonly files: LogFiles;
  readonly hasher: TreeHasher;
  readonly extras: ReadonlyMap<string, Tile>;
}

/** Whether the last hashes of a tile are those of what is below it. */
async function isMadeOf(
  below: Below,
  tile: Tile & { readonly level: number },
  last: readonly Uint8Array[],
): Promise<boolean> {
  const firstAt = tile.width - last.length;
  const leaves = tile.level === 0 ? await leafHashes(below, tile) : [];
  for (const [at, hash] of last.entries()) {
    const made = tile.level === 0 ? leaves[firstAt + at] : await childRoot(below, tile, firstAt + at);
    if (made === undefined || !isSameBytes(made, hash)) return false;
  }
  return true;
}

async function leafHashes({ files, hasher, extras }: Below, tile: Tile): Promise<readonly Uint8Array[]> {
  const isBelow = (one: Tile): boolean =>
    one.level === 'entries' && one.index === tile.index && one.width >= tile.width;
  const below = [...extras.values()].find(isBelow);
  const bytes = below === undefined ? null : await readWhole(files, tilePath(below));
  const entries = below === undefined || bytes === null ? null : itemsOf(below, bytes);
  return entries?.map((entry) => hasher.leaf(entry)) ?? [];
}

async function childRoot(
  { files, hasher }: Below,
  tile: Tile & { readonly level: number },
  at: number,
): Promise<Uint8Array | undefined> {
  const child: Tile = { level: tile.level - 1, index: tile.index * tileWidth + at, width: tileWidth };
  const bytes = await readWhole(files, tilePath(child));
  const hashes = bytes === null ? null : itemsOf(child, bytes);
  return hashes === null ? undefined : perfectRoot(hasher, hashes);
}

function isEntryAt(bytes: Uint8Array, seq: number): boolean {
  const entry = parseEntry(bytes);
  return entry.ok && entry.value.seq === seq;
}

async function readWhole(files: LogFiles, path: string): Promise<Uint8Array | null> {
  const read = await files.read(path, maxBundleBytes);
  return read.kind === 'bytes' ? read.bytes : null;
}

function itemsOf(tile: Tile, bytes: Uint8Array): readonly Uint8Array[] | null {
  const items = tile.level === 'entries' ? parseBundle(bytes, tile.width) : parseHashes(bytes, tile.width);
  return items.ok ? items.value : null;
}
