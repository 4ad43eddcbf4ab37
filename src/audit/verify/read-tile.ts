import { maxBundleBytes, parseBundle, parseHashes } from '../bundle.ts';
import { type Tile, tilePath } from '../tile.ts';
import { hashBytes } from '../tree-hasher.ts';
import type { Findings } from './finding.ts';
import type { LogFiles } from './log-files.ts';

/** Reads a tile that should be there: its entries or hashes, or null after its finding. @internal */
export async function readTileItems(
  files: LogFiles,
  tile: Tile,
  findings: Findings,
): Promise<readonly Uint8Array[] | null> {
  const path = tilePath(tile);
  const read = await files.read(path, tile.level === 'entries' ? maxBundleBytes : tile.width * hashBytes);
  if (read.kind === 'absent') findings.add('removed', path, 'the checkpoint needs it, and it is not there');
  if (read.kind === 'unreadable') findings.add('unreadable', path, read.why);
  if (read.kind !== 'bytes') return null;
  const items = tile.level === 'entries' ? parseBundle(read.bytes, tile.width) : parseHashes(read.bytes, tile.width);
  if (items.ok) return items.value;
  findings.add('altered', path, items.fault.message);
  return null;
}
