import type { IpAddress } from '../destination/index.ts';
import type { FlatView } from './format/flat-view.ts';
import { rangeWord, segmentWord } from './format/layout.ts';
import { isInBlock } from './principal-directory.ts';

/** Whether a segment (by its row) holds an address. A row that does not exist holds nothing. */
export function segmentHolds(view: FlatView, row: number, address: IpAddress): boolean {
  return narrowestIn(view, row, address) >= 0;
}

/**
 * The segments that hold an address by the narrowest range of all, as rows: of `10.0.0.0/8` and `10.60.0.0/16` the second says
 * what `10.60.0.7` belongs to. Several where ranges are equal. Reads every range: for addresses about to be dialled.
 */
export function narrowestSegments(view: FlatView, address: IpAddress): readonly number[] {
  let rows: number[] = [];
  let narrowest = 0;
  for (let row = 0; row * 4 < view.segments.length; row++) {
    const length = narrowestIn(view, row, address);
    if (length < narrowest) continue;
    if (length > narrowest) rows = [];
    narrowest = length;
    rows.push(row);
  }
  return rows;
}

/** The length of the narrowest range of a segment that holds an address; -1 where none does. */
function narrowestIn(view: FlatView, row: number, address: IpAddress): number {
  if (row * 4 >= view.segments.length) return -1;
  const at = view.segments.at + row * 4;
  const first = view.words[at + segmentWord.ranges] as number;
  const end = Math.min(first + (view.words[at + segmentWord.rangeCount] as number), view.ranges.length / 6);
  let narrowest = -1;
  for (let range = first; range < end; range++) {
    const place = view.ranges.at + range * 6;
    if (view.words[place + rangeWord.family] !== address.family) continue;
    const length = view.words[place + rangeWord.length] as number;
    if (length > narrowest && isInBlock(view.words, place + rangeWord.words, length, address.words)) narrowest = length;
  }
  return narrowest;
}
