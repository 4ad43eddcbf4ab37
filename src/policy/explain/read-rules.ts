import { parsePolicyTarget, type Target } from '../../destination/index.ts';
import { type FlatView, readText } from '../format/flat-view.ts';
import { matchFlag, matchWord, none, owner, ownerWord, prefixWord, ruleWord, slotWord } from '../format/layout.ts';
import { slotsOf } from '../format/lookup.ts';
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
  const flags = view.words[view.matches.at + match * 4 + matchWord.flags] as number;
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
  for (const span of spansOfOwner(policy.view, ownerIndex)) walkSpan(policy.view, span, (match) => add(match, -1));
  for (const { group, span } of groupSpans(policy.view, ownerIndex)) {
    for (const member of membersOf(policy.view, group)) walkSpan(policy.view, span, (match) => add(match, member));
  }
  return found;
}

function spansOfOwner(view: FlatView, ownerIndex: number): readonly number[] {
  const spans: number[] = [];
  const table = slotsOf(view, ownerIndex);
  for (let at = table.at; at < table.at + table.length; at += 4) {
    const value = view.words[at + slotWord.value] as number;
    if (value !== 0 && (view.words[at + slotWord.owner] as number) >>> 1 === ownerIndex) spans.push(value - 1);
  }
  for (let at = view.prefixes.at; at < view.prefixes.at + view.prefixes.length; at += 7) {
    if (view.words[at + prefixWord.owner] === ownerIndex) spans.push(view.words[at + prefixWord.value] as number);
  }
  const any = view.words[view.owners.at + ownerIndex * 4 + ownerWord.anySpan] as number;
  if (any !== none) spans.push(any);
  return spans;
}

function groupSpans(view: FlatView, ownerIndex: number): readonly { readonly group: number; readonly span: number }[] {
  const spans: { group: number; span: number }[] = [];
  const table = view.groupRefSlots;
  for (let at = table.at; at < table.at + table.length; at += 4) {
    const value = view.words[at + 3] as number;
    if (value !== 0 && view.words[at + 1] === ownerIndex)
      spans.push({ group: view.words[at + 2] as number, span: value - 1 });
  }
  return spans;
}

function membersOf(view: FlatView, group: number): readonly number[] {
  const members: number[] = [];
  for (const span of spansOfOwner(view, owner.members)) {
    walkSpan(view, span, (match) => {
      if (view.words[view.matches.at + match * 4 + matchWord.extra] === group) members.push(match);
    });
  }
  return members;
}

function walkSpan(view: FlatView, span: number, visit: (match: number) => void): void {
  for (let match = span; match * 4 < view.matches.length; match++) {
    visit(match);
    if (((view.words[view.matches.at + match * 4 + matchWord.flags] as number) & matchFlag.last) !== 0) return;
  }
}
