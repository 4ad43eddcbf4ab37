import type { IpAddress } from '../destination/index.ts';
import type { FlatView } from './format/flat-view.ts';
import { rangeWord, segmentWord } from './format/layout.ts';
import { isInBlock } from './principal-directory.ts';

/** Whether a segment (by its row) holds an address. A row that does not exist holds nothing. */
export function segmentHolds(view: FlatView, row: number, address: IpAddress): boolean {
  if (row * 4 >= view.segments.length) return false;
  const at = view.segments.at + row * 4;
  const first = view.words[at + segmentWord.ranges] as number;
  const end = Math.min(first + (view.words[at + segmentWord.rangeCount] as number), view.ranges.length / 6);
  for (let range = first; range < end; range++) {
    const place = view.ranges.at + range * 6;
    if (view.words[place + rangeWord.family] !== address.family) continue;
    const length = view.words[place + rangeWord.length] as number;
    if (isInBlock(view.words, place + rangeWord.words, length, address.words)) return true;
  }
  return false;
}
