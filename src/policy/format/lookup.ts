import { type FlatView, type SectionPlace, textEquals } from './flat-view.ts';
import { hashBlock, hashEnd, hashPair, hashStep, hashText } from './keyed-hash.ts';
import { groupRefWord, owner, ownerWord, prefixWord, slotWord } from './layout.ts';

/** Labels that a name can have: 253 characters hold 127. */
const mostLabels = 128;

/**
 * A name prepared for look-ups: the hash state and the start of every suffix at a label, from the last label to the whole name.
 * One walk over the name serves every owner. Reused: look-ups are synchronous and never nest.
 */
export interface NameProbe {
  name: string;
  labels: number;
  readonly states: Int32Array;
  readonly starts: Int32Array;
}

/** Makes a probe to be reused for name after name. */
export function createNameProbe(): NameProbe {
  return { name: '', labels: 0, states: new Int32Array(mostLabels), starts: new Int32Array(mostLabels) };
}

/** Prepares a probe for a name. */
export function prepareName(view: FlatView, probe: NameProbe, name: string): void {
  const { states, starts } = probe;
  const { multiplier } = view.seed;
  let state = view.seed.start;
  let labels = 0;
  for (let i = name.length - 1; i >= 0; i--) {
    const character = name.charCodeAt(i);
    if (character === 46 && labels < mostLabels - 1) {
      states[labels] = state;
      starts[labels] = i + 1;
      labels += 1;
    }
    state = hashStep(state, character, multiplier);
  }
  states[labels] = state;
  starts[labels] = 0;
  probe.name = name;
  probe.labels = labels + 1;
}

/** The value under (owner, kind, the last `labels` labels of the prepared name), or -1. */
export function findSuffix(view: FlatView, probe: NameProbe, labels: number, ownerKey: number): number {
  const hash = hashEnd(probe.states[labels - 1] as number, ownerKey, view.seed.finish);
  return findSlot(view, hash, ownerKey, probe.name, probe.starts[labels - 1] as number);
}

// A place to put what was read early: a read whose value goes nowhere would be taken away by the compiler.
const touched = new Uint32Array(1);

/**
 * Reads the slot where the look-up of the whole name will begin. Memory is what a decision waits for: asked for early, the slot
 * arrives while other owners are looked up.
 */
export function touchName(view: FlatView, probe: NameProbe, ownerKey: number): void {
  const hash = hashEnd(probe.states[probe.labels - 1] as number, ownerKey, view.seed.finish);
  const at = view.serviceSlots.at + ((hash << 2) & (view.serviceSlots.length - 4));
  touched[0] = view.words[at] as number;
}

/** The value under (owner, kind, text), or -1. */
export function findText(view: FlatView, ownerKey: number, text: string): number {
  return findSlot(view, hashText(view.seed, text, ownerKey), ownerKey, text, 0);
}

// biome-ignore lint/complexity/useMaxParams: the hot path of every decision makes no object
function findSlot(view: FlatView, hash: number, ownerKey: number, text: string, start: number): number {
  const table = slotsOf(view, ownerKey >>> 1);
  const { words } = view;
  const last = table.length - 4;
  let slot = (hash << 2) & last;
  // Bounded by the table, so that a damaged one without an empty slot ends too.
  for (let tried = 0; tried <= last; tried += 4) {
    const at = table.at + slot;
    const value = words[at + slotWord.value] as number;
    if (value === 0) return -1;
    if (words[at + slotWord.hash] === hash && words[at + slotWord.owner] === ownerKey) {
      // The match is asked for together with the text: both are far away, and most candidates are right.
      if (ownerKey >= owner.firstService * 2) touched[0] = words[view.matches.at + value * 4 - 4] as number;
      if (textEquals(view, words[at + slotWord.text] as number, text, start)) return value - 1;
    }
    slot = (slot + 4) & last;
  }
  return -1;
}

/** The table that holds the string keys of an owner. */
export function slotsOf(view: FlatView, ownerIndex: number): SectionPlace {
  if (ownerIndex >= owner.firstService) return view.serviceSlots;
  return ownerIndex <= owner.members ? view.sharedSlots : view.nameSlots;
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
