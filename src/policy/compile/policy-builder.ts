import type { IpPrefix, PortRange } from '../../destination/index.ts';
import { TextPool, WordList } from '../format/flat-writer.ts';
import { type HashSeed, hashBlock, hashPair, hashText } from '../format/keyed-hash.ts';
import { keyKind, matchFlag, none, owner, type SectionName } from '../format/layout.ts';
import type { RuleNode, SourceAt } from '../nodes.ts';
import type { MatchEntry } from './match-entry.ts';
import { labelCount, type OwnerEntries } from './owner-entries.ts';

type SlotSection = 'sharedSlots' | 'nameSlots' | 'serviceSlots' | 'prefixSlots' | 'groupRefSlots';

/** Sections that are laid down record by record; the slot tables are made from the pending slots at the end. */
type GrowingSection = Exclude<SectionName, SlotSection | 'strings'>;

/** Takes in a policy part by part. What cannot be compiled is noted in `faults`, never dropped. */
export class PolicyBuilder {
  readonly seed: HashSeed;
  readonly texts: TextPool = new TextPool();
  /** Pending string slots of four words: hash, text, owner key, value + 1. */
  readonly sharedKeys: WordList = new WordList();
  readonly nameKeys: WordList = new WordList();
  readonly serviceKeys: WordList = new WordList();
  /** Pending prefix slots of two words: hash, row + 1. */
  readonly blockKeys: WordList = new WordList();
  /** Pending group slots of four words: hash, owner, group, value + 1. */
  readonly groupRefs: WordList = new WordList();
  readonly faults: string[] = [];
  readonly #sections = new Map<GrowingSection, WordList>();
  readonly #attributes = new Map<string, number>();
  readonly #portLists = new Map<string, number>();

  constructor(seed: HashSeed) {
    this.seed = seed;
  }

  section(name: GrowingSection): WordList {
    const known = this.#sections.get(name);
    if (known !== undefined) return known;
    const made = new WordList();
    this.#sections.set(name, made);
    return made;
  }

  /** Lays a list of words down and gives its place in `lists`. */
  placeList(words: readonly number[]): number {
    const lists = this.section('lists');
    const at = lists.length;
    lists.pushAll(words);
    return at;
  }

  readonly placePorts = (ranges: readonly PortRange[]): number => {
    const key = ranges.map(({ first, last }) => `${first}-${last}`).join();
    const known = this.#portLists.get(key);
    if (known !== undefined) return known;
    const at = this.placeList([ranges.length, ...ranges.map(({ first, last }) => first * 65536 + last)]);
    this.#portLists.set(key, at);
    return at;
  };

  /** Adds a key that is found by text. Keys are ASCII, so that a reader can compare characters with bytes. */
  addKey(key: { readonly owner: number; readonly kind: number; readonly text: string }, value: number): void {
    if (!isAscii(key.text)) this.faults.push(`\`${key.text}\` is not ASCII`);
    const ownerKey = key.owner * 2 + key.kind;
    const keys = this.#keysOf(key.owner);
    keys.push(hashText(this.seed, key.text, ownerKey));
    keys.push(this.texts.append(key.text));
    keys.push(ownerKey);
    keys.push(value + 1);
  }

  #keysOf(ownerIndex: number): WordList {
    if (ownerIndex >= owner.firstService) return this.serviceKeys;
    return ownerIndex <= owner.members ? this.sharedKeys : this.nameKeys;
  }

  addBlock(ownerIndex: number, prefix: IpPrefix, value: number): void {
    const prefixes = this.section('prefixes');
    const row = prefixes.length / 7;
    const block = blockOf(prefix);
    prefixes.push(ownerIndex);
    prefixes.push(block);
    for (let i = 0; i < 4; i++) prefixes.push(prefix.first.words[i] ?? 0);
    prefixes.push(value);
    this.blockKeys.push(hashBlock(this.seed, block, prefix.first.words, ownerIndex));
    this.blockKeys.push(row + 1);
  }

  addGroupRef(ownerIndex: number, group: number, value: number): void {
    this.groupRefs.push(hashPair(this.seed, ownerIndex, group));
    this.groupRefs.pushAll([ownerIndex, group, value + 1]);
  }

  /** Lays matches of one key down together and gives the place of the first. */
  placeSpan(entries: readonly MatchEntry[]): number {
    const matches = this.section('matches');
    const at = matches.length / 4;
    for (const [index, entry] of entries.entries()) {
      matches.push(index === entries.length - 1 ? entry[0] | matchFlag.last : entry[0]);
      matches.push(entry[1]);
      matches.push(entry[2]);
      matches.push(entry[3]);
    }
    return at;
  }

  /** Lays a row of `rules` down and gives its number. */
  placeRule(rule: {
    readonly list: string;
    readonly to: string;
    readonly reason: string | null;
    readonly at: SourceAt | null;
  }): number {
    const rules = this.section('rules');
    const row = rules.length / 5;
    rules.push(this.texts.place(rule.list));
    rules.push(this.texts.append(rule.to));
    rules.push(this.texts.place(rule.reason));
    rules.push(this.texts.place(rule.at?.file ?? null));
    rules.push(rule.at?.line ?? 0);
    return row;
  }

  /** The row of `attributes` that says through which segments a rule goes and what it crosses; 0 where it says neither. */
  placeAttributes(rule: RuleNode, segmentNumber: (name: string) => number | null): number {
    if (rule.via.length === 0 && rule.crossing === null) return 0;
    const key = JSON.stringify([rule.via, rule.crossing]);
    const known = this.#attributes.get(key);
    if (known !== undefined) return known;
    const attributes = this.section('attributes');
    const row = attributes.length / 4;
    const via = this.placeSegments(rule.via, segmentNumber);
    const crossing = [rule.crossing?.from ?? null, rule.crossing?.to ?? null].map((text) => this.texts.place(text));
    attributes.pushAll([via, rule.via.length, ...crossing]);
    this.#attributes.set(key, row);
    return row;
  }

  /** Lays the numbers of segments down. A segment that no document defines is a fault. */
  placeSegments(names: readonly string[], segmentNumber: (name: string) => number | null): number {
    const numbers = names.map((name) => {
      const number = segmentNumber(name);
      if (number === null) this.faults.push(`segment \`${name}\` is not defined`);
      return number ?? none;
    });
    return this.placeList(numbers);
  }

  /** Lays the entries of an owner down with its row in `owners`. Rows are written in order of owner. */
  writeOwner(ownerIndex: number, entries: OwnerEntries): void {
    let belowDepths = 0;
    for (const [name, list] of entries.exact) this.#addName(ownerIndex, keyKind.exact, name, list);
    for (const [name, list] of entries.below) {
      belowDepths |= 1 << Math.min(labelCount(name), 31);
      this.#addName(ownerIndex, keyKind.below, name, list);
    }
    const lengths = new Set<number>();
    for (const { key, entries: list } of entries.blocks.values()) {
      lengths.add(blockOf(key));
      this.addBlock(ownerIndex, key, this.placeSpan(list));
    }
    const any = entries.any.length === 0 ? none : this.placeSpan(entries.any);
    this.section('owners').pushAll([belowDepths >>> 0, any, this.placeList([...lengths]), lengths.size]);
  }

  #addName(ownerIndex: number, kind: number, name: string, list: readonly MatchEntry[]): void {
    this.addKey({ owner: ownerIndex, kind, text: name }, this.placeSpan(list));
  }
}

/** The family and length of a block in one number: 4 * 256 + 24. */
export function blockOf(prefix: IpPrefix): number {
  return prefix.first.family * 256 + prefix.length;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
