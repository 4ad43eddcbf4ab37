import type { HostPattern } from '../../destination/index.ts';
import type { RuleNode } from '../nodes.ts';
import { type MatchEntry, ruleFlags, targetWords } from './match-entry.ts';
import { OwnerEntries } from './owner-entries.ts';
import type { PolicyBuilder } from './policy-builder.ts';

/** What rules refer to by name. */
export interface NameTables {
  segment(name: string): number | null;
  group(name: string): number | null;
}

/** One list of rules and how it is called in rule ids: `payments-api/allow`. */
export interface RuleList {
  readonly name: string;
  readonly list: 'allow' | 'deny';
  readonly rules: readonly RuleNode[];
}

/** Something built in that the owner has besides its lists. */
export interface BuiltInEntry {
  readonly host: HostPattern;
  readonly entry: MatchEntry;
}

/** What deciding needs to know of an owner before it looks for its keys. */
export interface CompiledOwner {
  /** The first two words of its row in `owners`. */
  readonly keys: readonly [belowDepths: number, anySpan: number];
  /** Whether any of its rules refers to a destinations document. */
  readonly hasGroups: boolean;
}

/** Compiles the lists of one owner. */
export function compileOwner(
  builder: PolicyBuilder,
  ownerIndex: number,
  names: NameTables,
  what: {
    readonly serviceName: string | null;
    readonly lists: readonly RuleList[];
    readonly builtIn?: readonly BuiltInEntry[];
  },
): CompiledOwner {
  const entries = new OwnerEntries();
  const references = new Map<number, MatchEntry[]>();
  for (const { host, entry } of what.builtIn ?? []) entries.add(host, entry);
  for (const list of what.lists) {
    for (const rule of list.rules) addRule(builder, names, { list, rule, entries, references });
  }
  const keys = builder.writeOwner(ownerIndex, entries, what.serviceName);
  for (const [group, list] of references) builder.addGroupRef(ownerIndex, group, builder.placeSpan(list));
  return { keys, hasGroups: references.size > 0 };
}

interface RulePlace {
  readonly list: RuleList;
  readonly rule: RuleNode;
  readonly entries: OwnerEntries;
  readonly references: Map<number, MatchEntry[]>;
}

function addRule(builder: PolicyBuilder, names: NameTables, { list, rule, entries, references }: RulePlace): void {
  const flags = ruleFlags(rule, list.list);
  const to = rule.to.kind === 'target' ? rule.to.target.canonical : `@${rule.to.name}`;
  const row = builder.placeRule({ list: list.name, to, reason: rule.reason, at: rule.at });
  const attributes = builder.placeAttributes(rule, names.segment);
  if (rule.to.kind === 'target') {
    const words = targetWords(rule.to.target, builder.placePorts);
    entries.add(rule.to.target.host, [flags | words.flags, words.ports, row, attributes]);
    return;
  }
  const group = names.group(rule.to.name);
  if (group === null) {
    builder.faults.push(`\`@${rule.to.name}\` names no destinations document`);
    return;
  }
  const known = references.get(group);
  if (known === undefined) references.set(group, [[flags, 0, row, attributes]]);
  else known.push([flags, 0, row, attributes]);
}
