import { type Tile, tilePath, tileWidth } from '../tile.ts';
import { isSameBytes, perfectRoot, type TreeHasher } from '../tree-hasher.ts';
import type { Findings } from './finding.ts';

/** The hashes of one tile told twice: made anew from what is below it, and as its own file says. Null where one is not to be had. @internal */
export interface TwoTellings {
  readonly level: number;
  readonly index: number;
  readonly fromBelow: readonly Uint8Array[] | null;
  readonly fromFile: readonly Uint8Array[] | null;
}

/** Whether the two tellings are there and differ. @internal */
export function isDisputed({ fromBelow, fromFile }: TwoTellings): boolean {
  return fromBelow !== null && fromFile !== null && !isSameRow(fromBelow, fromFile);
}

/** The hashes of a full tile. Where they are disputed, the hash that the tile above holds of it says who is wrong. @internal */
export function settleTile(
  tellings: TwoTellings,
  parentHash: Uint8Array | null,
  findings: Findings,
  hasher: TreeHasher,
): readonly Uint8Array[] | null {
  const { fromBelow, fromFile } = tellings;
  if (!isDisputed(tellings)) return fromBelow ?? fromFile;
  const fits = (row: readonly Uint8Array[] | null): boolean =>
    row !== null && parentHash !== null && isSameBytes(perfectRoot(hasher, row), parentHash);
  const isFileRight = fits(fromFile);
  const isBelowRight = fits(fromBelow);
  if (!isBelowRight) blameBelow(tellings, findings);
  if (!isFileRight) blameFile(tellings, findings);
  return isBelowRight ? fromBelow : fromFile;
}

/** Tells that the file of a tile is not what is below it. @internal */
export function blameFile({ level, index, fromFile }: TwoTellings, findings: Findings): void {
  const path = tilePath({ level, index, width: fromFile?.length ?? tileWidth });
  findings.add('altered', path, 'its hashes are not those of what is below it');
}

/** Tells that what is below a tile is not what the tile says. @internal */
export function blameBelow({ level, index, fromBelow, fromFile }: TwoTellings, findings: Findings): void {
  const wrong = (fromFile ?? []).flatMap((hash, at) => (isSameBytes(hash, fromBelow?.[at] ?? hash) ? [] : [at]));
  const path = tilePath({ level, index, width: fromFile?.length ?? tileWidth });
  for (const at of wrong) {
    const place = index * tileWidth + at;
    if (level === 0) {
      const below: Tile = { level: 'entries', index, width: fromFile?.length ?? tileWidth };
      findings.add('altered', tilePath(below), `entry ${place} is not the one that \`${path}\` has the hash of`);
      continue;
    }
    const below: readonly Tile['level'][] = level === 1 ? ['entries', 0] : [level - 1];
    for (const one of below) {
      const child = tilePath({ level: one, index: place, width: tileWidth });
      findings.add('altered', child, `it is not what \`${path}\` has the hash of`);
    }
  }
}

function isSameRow(left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean {
  return left.length === right.length && left.every((hash, at) => isSameBytes(hash, right[at] ?? hash));
}
