import type { Target } from '../../destination/index.ts';
import type { DestinationsNode, RuleNode } from '../nodes.ts';
import { coveringKeys, ownKey, portsInclude } from './target-index.ts';

/** Entries by the key of their host, so that what covers a target is found by a few look-ups. */
export type EntryIndex = Map<string, Entry[]>;

/** A target with the rule that brings it; null for a member by itself. */
export interface Entry {
  readonly target: Target;
  readonly rule: RuleNode | null;
}

/** Different ports of one host are few; past this the search stops, which misses findings and bounds the work. */
const maxEntriesPerKey = 64;

/** Adds an entry under the key of its host. */
export function addEntry(index: EntryIndex, entry: Entry): void {
  const key = ownKey(entry.target.host);
  const entries = index.get(key);
  if (entries === undefined) index.set(key, [entry]);
  else if (entries.length < maxEntriesPerKey) entries.push(entry);
}

/** An entry that covers every host and port of a target and that is accepted; null when there is none. */
export function findCover(target: Target, index: EntryIndex, accepts: (entry: Entry) => boolean): Entry | null {
  for (const key of coveringKeys(target.host))
    for (const entry of index.get(key) ?? [])
      if (portsInclude(entry.target.ports, target.ports) && accepts(entry)) return entry;
  return null;
}

/** The members of a shared document, indexed once however many services refer to it. */
export function memberIndex(document: DestinationsNode): EntryIndex {
  const known = memberIndexes.get(document);
  if (known !== undefined) return known;
  const index: EntryIndex = new Map();
  for (const { target } of document.members) addEntry(index, { target, rule: null });
  memberIndexes.set(document, index);
  return index;
}

const memberIndexes = new WeakMap<DestinationsNode, EntryIndex>();

/** The conditions of a rule as one key: equal keys ask the same of a request. */
export function conditionsKey({ via, crossing, strength }: RuleNode): string {
  return `${via.toSorted().join(',')}|${crossing?.from ?? ''}>${crossing?.to ?? ''}|${strength ?? ''}`;
}
