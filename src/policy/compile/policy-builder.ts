import type { IpPrefix, PortRange } from '../../destination/index.ts';
import { TextPool, WordList } from '../format/flat-writer.ts';
import { type HashSeed, hashBlock, hashPair } from '../format/keyed-hash.ts';
import { keyKind, matchFlag, none, type SectionName } from '../format/layout.ts';
import { hashOfText, serviceNameKey } from '../format/lookup.ts';
import type { RuleNode, SourceAt } from '../nodes.ts';
import { type KeyValue, KeyWriter } from './key-writer.ts';
import type { MatchEntry } from './match-entry.ts';
import { labelCount, type OwnerEntries } from './owner-entries.ts';

type SlotSection =
  | 'sharedFilter'
  | 'sharedSlots'
  | 'nameSlots'
  | 'serviceSlots'
  | 'ruleSlots'
  | 'prefixSlots'
  | 'groupRefSlots';

/** Sections that are laid down record by record; the slot tables are made from the pending slots at the end. */
type GrowingSection = Exclude<SectionName, SlotSection | 'strings'>;

/** Takes in a policy part by part. What cannot be compiled is noted in `faults`, never dropped. */
export class PolicyBuilder {
  readonly seed: HashSeed;
  readonly texts: TextPool = new TextPool();
  readonly sharedKeys: KeyWriter;
  readonly nameKeys: KeyWriter;
  readonly serviceKeys: KeyWriter;
  readonly ruleKeys: KeyWriter;
  /** Pending prefix slots of two words: hash, row + 1. */
  readonly blockKeys: WordList = new WordList();
  /** Pending group slots of four words: hash, owner, group, value + 1. */
  readonly groupRefs: WordList = new WordList();
  /** The depths at which any service has a key (see `ownerWord`). */
  ruleDepths = 0;
  readonly faults: string[] = [];
  readonly #sections = new Map<GrowingSection, WordList>();
  readonly #attributes = new Map<string, number>();
  readonly #portLists = new Map<string, number>();

  constructor(seed: HashSeed) {
    this.seed = seed;
    this.sharedKeys = new KeyWriter(seed, this.texts);
    this.nameKeys = new KeyWriter(seed, this.texts);
    this.serviceKeys = new KeyWriter(seed, this.texts);
    this.ruleKeys = new KeyWriter(seed, this.texts);
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

  /** Adds a key of an owner that is no service, found by text. */
  addKey(ownerIndex: number, text: string, value: number): void {
    const ownerKey = ownerIndex * 2 + keyKind.exact;
    this.#note(text, this.nameKeys.add({ ownerKey, salt: ownerKey, text }, [value, 0, 0, 0]));
  }

  /** Adds a service with what deciding needs of it (see `headWord`). */
  addHead(name: string, value: KeyValue): void {
    this.#note(name, this.serviceKeys.add({ ownerKey: serviceNameKey, salt: serviceNameKey, text: name }, value));
  }

  #note(text: string, isAscii: boolean): void {
    if (!isAscii) this.faults.push(`\`${text}\` is not ASCII`);
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

  /**
   * Lays the entries of an owner down with its row in `owners`, whose first two words it gives. Rows are written in order of
   * owner. `serviceName` is null for the boundary and the members.
   */
  writeOwner(ownerIndex: number, entries: OwnerEntries, serviceName: string | null): readonly [number, number] {
    const salt = serviceName === null ? null : hashOfText(this.seed, serviceName);
    let belowDepths = entries.exact.size > 0 ? 1 : 0;
    for (const [text, list] of entries.exact)
      this.#addName({ ownerKey: ownerIndex * 2 + keyKind.exact, salt, text }, list);
    for (const [text, list] of entries.below) {
      belowDepths |= 1 << Math.min(labelCount(text), 31);
      this.#addName({ ownerKey: ownerIndex * 2 + keyKind.below, salt, text }, list);
    }
    if (salt !== null) this.ruleDepths |= belowDepths;
    const lengths = new Set<number>();
    for (const { key, entries: list } of entries.blocks.values()) {
      lengths.add(blockOf(key));
      this.addBlock(ownerIndex, key, this.placeSpan(list));
    }
    const any = entries.any.length === 0 ? none : this.placeSpan(entries.any);
    this.section('owners').pushAll([belowDepths >>> 0, any, this.placeList([...lengths]), lengths.size]);
    return [belowDepths >>> 0, any];
  }

  #addName(key: { ownerKey: number; salt: number | null; text: string }, list: readonly MatchEntry[]): void {
    const { ownerKey, salt, text } = key;
    const value = this.#valueOf(list);
    if (salt === null) this.#note(text, this.sharedKeys.add({ ownerKey, salt: ownerKey, text }, value));
    else this.#note(text, this.ruleKeys.add({ ownerKey, salt, text }, value));
  }

  /** The match itself where a key has only one, as nearly all do; else where they are. */
  #valueOf(list: readonly MatchEntry[]): KeyValue {
    const [only] = list;
    if (only === undefined || list.length > 1) return [matchFlag.elsewhere, this.placeSpan(list), 0, 0];
    return [only[0] | matchFlag.last, only[1], only[2], only[3]];
  }
}

/** The family and length of a block in one number: 4 * 256 + 24. */
export function blockOf(prefix: IpPrefix): number {
  return prefix.first.family * 256 + prefix.length;
}
