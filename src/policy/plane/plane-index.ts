import { parseIpPrefix, publicResolverAddresses, specialRanges } from '../../destination/index.ts';
import { protocolCodes } from '../format/codes.ts';
import type { FlatView } from '../format/flat-view.ts';
import { groupRefWord, matchFlag, matchWord, owner, prefixWord, rangeWord, serviceWord } from '../format/layout.ts';
import { matchPlace, walkSpan } from '../format/lookup.ts';
import type { OpenedPolicy } from '../open-policy.ts';
import { addCuts, type Cuts, type Family, type Span, sortPlaces, spanOfBlock } from './address-line.ts';

/** A block of an owner. */
export interface OwnedBlock extends Span {
  readonly family: Family;
  /** Whether something in it is allowed as opaque `tcp` or `udp`. */
  readonly isOpen: boolean;
}

/** What of a policy is sorted by address, made once for each. */
export interface PlaneIndex {
  /** Where the answer may change for every service: special ranges, public resolvers, boundary, members, segments. Sorted. */
  readonly shared: Readonly<Record<Family, readonly bigint[]>>;
  /** The blocks of a service's own entries. */
  blocksOf(ownerIndex: number): readonly OwnedBlock[];
  /** The open blocks of the destinations documents that allow entries of a service refer to. */
  memberBlocksOf(ownerIndex: number): readonly OwnedBlock[];
}

const indexes = new WeakMap<OpenedPolicy, PlaneIndex>();
const noBlocks: readonly OwnedBlock[] = [];

/** The index of a policy. Making it reads every block of the policy. */
export function planeIndexOf(policy: OpenedPolicy): PlaneIndex {
  const known = indexes.get(policy);
  if (known !== undefined) return known;
  const index = createIndex(policy.view);
  indexes.set(policy, index);
  return index;
}

/** Whether a match lets something through as `tcp` or `udp`. */
export function isOpenMatch(flags: number): boolean {
  return (flags & matchFlag.deny) === 0 && openCodes.has(flags & matchFlag.protocolMask);
}

const openCodes: ReadonlySet<number> = new Set([protocolCodes.indexOf('tcp'), protocolCodes.indexOf('udp')]);

/** Whether a service (by its row) is observed at an instant: what nothing names may be reached then too. */
export function isObservedAt(policy: OpenedPolicy, row: number, now: number): boolean {
  const until = policy.observeUntil(row);
  return policy.serviceWord(row, serviceWord.mode) === 1 && until !== null && now < until;
}

function createIndex(view: FlatView): PlaneIndex {
  const cuts: Cuts = { 4: [], 6: [] };
  addBuiltIn(cuts);
  for (let at = view.ranges.at; at < view.ranges.at + view.ranges.length; at += 6) {
    const family = view.words[at + rangeWord.family] === 4 ? 4 : 6;
    addCuts(cuts, family, spanAt(view, family, view.words[at + rangeWord.length] as number, at + rangeWord.words));
  }
  const blocks = new Map<number, number[]>();
  const byGroup = new Map<number, OwnedBlock[]>();
  const { words, prefixes } = view;
  for (let at = prefixes.at; at < prefixes.at + prefixes.length; at += 7) {
    const ownerIndex = words[at + prefixWord.owner] as number;
    if (ownerIndex >= owner.firstService) push(blocks, ownerIndex, at);
    else if (ownerIndex <= owner.members) addShared(view, at, cuts, byGroup);
  }
  const references = readReferences(view);
  return {
    shared: { 4: sortPlaces(cuts[4]), 6: sortPlaces(cuts[6]) },
    blocksOf: (ownerIndex) => (blocks.get(ownerIndex) ?? []).map((at) => blockAt(view, at)),
    memberBlocksOf: (ownerIndex) =>
      (references.get(ownerIndex) ?? []).flatMap((group) => byGroup.get(group) ?? noBlocks),
  };
}

/** What the evaluator tells apart whatever the policy says. */
function addBuiltIn(cuts: Cuts): void {
  const resolvers = publicResolverAddresses.flatMap((text) => {
    const prefix = parseIpPrefix(text);
    return prefix.ok ? [prefix.value] : [];
  });
  for (const { first, length } of [...specialRanges.map(({ prefix }) => prefix), ...resolvers]) {
    addCuts(cuts, first.family, spanOfBlock(first.family, length, first.words));
  }
}

/** A block of the boundary or the members. */
function addShared(view: FlatView, at: number, cuts: Cuts, byGroup: Map<number, OwnedBlock[]>): void {
  const block = blockAt(view, at);
  addCuts(cuts, block.family, block);
  const { words } = view;
  if (!block.isOpen || words[at + prefixWord.owner] !== owner.members) return;
  walkSpan(view, matchPlace(view, words[at + prefixWord.value] as number), (match) => {
    if (!isOpenMatch(words[match + matchWord.flags] as number)) return;
    push(byGroup, words[match + matchWord.extra] as number, block);
  });
}

function blockAt(view: FlatView, at: number): OwnedBlock {
  const block = view.words[at + prefixWord.block] as number;
  const family = block >>> 8 === 4 ? 4 : 6;
  const span = spanAt(view, family, block & 255, at + prefixWord.words);
  return { family, ...span, isOpen: hasOpenMatch(view, matchPlace(view, view.words[at + prefixWord.value] as number)) };
}

function spanAt(view: FlatView, family: Family, length: number, at: number): Span {
  return spanOfBlock(family, length, view.words.subarray(at, at + 4));
}

function hasOpenMatch(view: FlatView, first: number): boolean {
  let isOpen = false;
  walkSpan(view, first, (match) => {
    isOpen ||= isOpenMatch(view.words[match + matchWord.flags] as number);
  });
  return isOpen;
}

/** The groups that allow entries of each service refer to. */
function readReferences(view: FlatView): ReadonlyMap<number, readonly number[]> {
  const references = new Map<number, number[]>();
  const { words, groupRefSlots } = view;
  for (let at = groupRefSlots.at; at < groupRefSlots.at + groupRefSlots.length; at += 4) {
    const value = words[at + groupRefWord.value] as number;
    if (value === 0) continue;
    let allows = false;
    walkSpan(view, matchPlace(view, value - 1), (match) => {
      allows ||= ((words[match + matchWord.flags] as number) & matchFlag.deny) === 0;
    });
    if (allows) push(references, words[at + groupRefWord.owner] as number, words[at + groupRefWord.group] as number);
  }
  return references;
}

function push<V>(map: Map<number, V[]>, key: number, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
