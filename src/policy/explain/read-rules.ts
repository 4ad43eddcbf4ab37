import { parsePolicyTarget, type Target } from '../../destination/index.ts';
import { type FlatView, readText } from '../format/flat-view.ts';
import {
  groupRefWord,
  matchFlag,
  matchWord,
  none,
  owner,
  ownerWord,
  prefixWord,
  ruleWord,
  slotWord,
  slotWords,
} from '../format/layout.ts';
import { firstMatch, matchPlace, walkSpan } from '../format/lookup.ts';
import type { OpenedPolicy } from '../open-policy.ts';
import { pairId, ruleRow } from '../policy-verdict.ts';

/** A rule as explaining shows it: its id, what it names, why it is there and where it stands. */
export interface ExplainedRule {
  readonly id: string;
  readonly list: 'allow' | 'deny';
  readonly to: string;
  readonly reason: string;
  readonly file: string;
  readonly line: number;
}

/** Shows one match. */
export function explainedRule(policy: OpenedPolicy, match: number, member: number): ExplainedRule {
  const { view } = policy;
  const row = ruleRow(policy, match);
  const word = (index: number): number => view.words[row + index] as number;
  const flags = view.words[match + matchWord.flags] as number;
  return {
    id: pairId(policy, match, member),
    list: (flags & matchFlag.deny) !== 0 ? 'deny' : 'allow',
    to:
      member < 0
        ? readText(view, word(ruleWord.to))
        : readText(view, view.words[ruleRow(policy, member) + ruleWord.to] as number),
    reason: readText(view, word(ruleWord.reason)),
    file: readText(view, word(ruleWord.file)),
    line: word(ruleWord.line),
  };
}

/** Explaining is for people and rare: it walks the tables, up to this many rules, rather than keep an index that deciding never needs. */
const mostRules = 20_000;

/** Every rule of a service, with the members of the documents that it refers to. */
export function rulesOfOwner(
  policy: OpenedPolicy,
  ownerIndex: number,
): readonly { readonly target: Target; readonly rule: ExplainedRule }[] {
  const found: { target: Target; rule: ExplainedRule }[] = [];
  const add = (match: number, member: number): void => {
    const rule = explainedRule(policy, match, member);
    const target = parsePolicyTarget(rule.to);
    if (target.ok && found.length < mostRules) found.push({ target: target.value, rule });
  };
  for (const first of spansOfOwner(policy.view, ownerIndex)) walkSpan(policy.view, first, (match) => add(match, -1));
  for (const { group, first } of groupSpans(policy.view, ownerIndex)) {
    for (const member of membersOf(policy.view, group)) walkSpan(policy.view, first, (match) => add(match, member));
  }
  return found;
}

/** The place of the first match under each key of an owner. */
function spansOfOwner(view: FlatView, ownerIndex: number): readonly number[] {
  const spans: number[] = [];
  const table = ownerIndex >= owner.firstService ? view.keys : view.shared;
  for (let at = table.at; at < table.end; at += slotWords) {
    const key = view.words[at + slotWord.key] as number;
    if (key !== 0 && key >>> 9 === ownerIndex) spans.push(firstMatch(view, at));
  }
  for (let at = view.prefixes.at; at < view.prefixes.at + view.prefixes.length; at += 7) {
    if (view.words[at + prefixWord.owner] === ownerIndex)
      spans.push(matchPlace(view, view.words[at + prefixWord.value] as number));
  }
  const any = view.words[view.owners.at + ownerIndex * 4 + ownerWord.anySpan] as number;
  if (any !== none) spans.push(matchPlace(view, any));
  return spans;
}

function groupSpans(view: FlatView, ownerIndex: number): readonly { readonly group: number; readonly first: number }[] {
  const spans: { group: number; first: number }[] = [];
  const table = view.groupRefSlots;
  for (let at = table.at; at < table.at + table.length; at += 4) {
    const value = view.words[at + groupRefWord.value] as number;
    if (value !== 0 && view.words[at + groupRefWord.owner] === ownerIndex)
      spans.push({ group: view.words[at + groupRefWord.group] as number, first: matchPlace(view, value - 1) });
  }
  return spans;
}

function membersOf(view: FlatView, group: number): readonly number[] {
  const members: number[] = [];
  for (const first of spansOfOwner(view, owner.members)) {
    walkSpan(view, first, (match) => {
      if (view.words[match + matchWord.extra] === group) members.push(match);
    });
  }
  return members;
}
