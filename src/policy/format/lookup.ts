import type { FlatView } from './flat-view.ts';
import { type HashSeed, hashBlock, hashPair } from './keyed-hash.ts';
import {
  groupRefWord,
  headWord,
  keyKind,
  matchFlag,
  matchWord,
  owner,
  ownerWord,
  prefixWord,
  slotWord,
} from './layout.ts';
import { createTextProbe, prepareText, suffixHash, type TextProbe } from './text-probe.ts';

const probe = createTextProbe();

/** The key under which the names of services are found. */
export const serviceNameKey: number = owner.serviceNames * 2 + keyKind.exact;

/** The hash of a whole text: for the name of a service, the salt of its keys. */
export function hashOfText(seed: HashSeed, text: string): number {
  prepareText(probe, text, seed);
  return suffixHash(probe, probe.labels);
}

/** The first word of the value under (owner, kind, text) in `nameSlots`, or -1. `ownerKey` is owner * 2 + kind. */
export function findText(view: FlatView, ownerKey: number, text: string): number {
  prepareText(probe, text, view.seed);
  const slot = view.names.find(probe, probe.labels, ownerKey, ownerKey);
  return slot < 0 ? -1 : (view.words[slot + slotWord.value] as number);
}

/** The row of a service, or -1. */
export function findService(view: FlatView, name: string): number {
  prepareText(probe, name, view.seed);
  const head = view.heads.find(probe, probe.labels, serviceNameKey, serviceNameKey);
  return head < 0 ? -1 : (view.words[head + headWord.row] as number);
}

/** Whether `sharedSlots` may have a key of the last `labels` labels of a text; false is certain. */
export function mayBeShared(view: FlatView, text: TextProbe, labels: number): boolean {
  const { at, length } = view.sharedFilter;
  const hash = suffixHash(text, labels);
  return ((view.words[at + ((hash >>> 5) & (length - 1))] as number) & (1 << (hash & 31))) !== 0;
}

/** The place of the first match of a slot: in the slot itself where there is only one. */
export function firstMatch(view: FlatView, slot: number): number {
  const at = slot + slotWord.value;
  if (((view.words[at + matchWord.flags] as number) & matchFlag.elsewhere) === 0) return at;
  return matchPlace(view, view.words[at + matchWord.ports] as number);
}

/** The place of a row of `matches`. */
export function matchPlace(view: FlatView, row: number): number {
  return view.matches.at + row * 4;
}

/** Whether another match of the same key follows; the mark of the last one may be damaged. */
export function hasNextMatch(view: FlatView, at: number): boolean {
  const { matches, words } = view;
  return ((words[at + matchWord.flags] as number) & matchFlag.last) === 0 && at + 4 < matches.at + matches.length;
}

/** Calls `visit` with the place of every match of a key, from its first on. */
export function walkSpan(view: FlatView, first: number, visit: (match: number) => void): void {
  for (let match = first; ; match += 4) {
    visit(match);
    if (!hasNextMatch(view, match)) return;
  }
}

const masked = new Uint32Array(4);

/**
 * Calls `found` with the value of every block of an owner that holds an address. A look-up for each length that the owner uses.
 */
export function visitBlocks(
  view: FlatView,
  ownerIndex: number,
  address: { readonly family: 4 | 6; readonly words: readonly number[] },
  found: (value: number) => void,
): void {
  const { words } = view;
  const row = view.owners.at + ownerIndex * 4;
  const count = Math.min(words[row + ownerWord.lengthCount] as number, 162);
  const list = view.lists.at + (words[row + ownerWord.lengths] as number);
  for (let i = 0; i < count; i++) {
    const block = words[list + i] as number;
    if (block >>> 8 !== address.family) continue;
    maskWords(address.words, block & 255);
    const value = findBlock(view, ownerIndex, block);
    if (value >= 0) found(value);
  }
}

function maskWords(words: readonly number[], length: number): void {
  for (let i = 0; i < 4; i++) {
    const bits = length - i * 32;
    const mask = bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
    masked[i] = ((words[i] ?? 0) & mask) >>> 0;
  }
}

function findBlock(view: FlatView, ownerIndex: number, block: number): number {
  const { words } = view;
  const table = view.prefixSlots;
  const hash = hashBlock(view.seed, block, masked, ownerIndex);
  const last = table.length - 2;
  let slot = (hash << 1) & last;
  for (let tried = 0; tried <= last; tried += 2) {
    const row = words[table.at + slot + 1] as number;
    if (row === 0) return -1;
    const at = view.prefixes.at + (row - 1) * 7;
    if (words[table.at + slot] === hash && isBlock(words, at, ownerIndex, block)) {
      return words[at + prefixWord.value] as number;
    }
    slot = (slot + 2) & last;
  }
  return -1;
}

function isBlock(words: Uint32Array, at: number, ownerIndex: number, block: number): boolean {
  if (words[at + prefixWord.owner] !== ownerIndex || words[at + prefixWord.block] !== block) return false;
  for (let i = 0; i < 4; i++) if (words[at + prefixWord.words + i] !== masked[i]) return false;
  return true;
}

/** The first match under (owner, group), or -1. */
export function findGroupRef(view: FlatView, ownerIndex: number, group: number): number {
  const { words } = view;
  const table = view.groupRefSlots;
  const hash = hashPair(view.seed, ownerIndex, group);
  const last = table.length - 4;
  let slot = (hash << 2) & last;
  for (let tried = 0; tried <= last; tried += 4) {
    const at = table.at + slot;
    const value = words[at + groupRefWord.value] as number;
    if (value === 0) return -1;
    if (words[at + groupRefWord.owner] === ownerIndex && words[at + groupRefWord.group] === group) return value - 1;
    slot = (slot + 4) & last;
  }
  return -1;
}
