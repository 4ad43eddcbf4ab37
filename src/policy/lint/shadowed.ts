import type { Target } from '../../destination/index.ts';
import type { RuleNode, ServiceNode } from '../nodes.ts';
import { addEntry, conditionsKey, type Entry, type EntryIndex, findCover } from './entry-index.ts';
import type { LintRule, ReportFinding } from './finding.ts';
import { type LintContext, ownTarget, sharedDocument } from './lint-context.ts';

/** A rule adds nothing, or never takes effect. */
export const shadowed: LintRule = {
  id: 'shadowed',
  severity: 'warning',
  says: 'a rule is covered by another one: an allow that adds nothing, or one that a deny takes back whole',
  mend: 'remove the narrower rule, or narrow the wider one',
  find: (context, report) => {
    for (const service of context.services) findShadowed(service, context, report);
  },
};

function findShadowed(service: ServiceNode, context: LintContext, report: ReportFinding): void {
  const allows = indexRules(service.allow, context);
  const denies = indexRules(service.deny, context);
  for (const rule of service.allow) {
    const why = whyAllowIsShadowed(rule, allows, denies);
    if (why !== null) report(rule.at, why);
  }
  for (const rule of service.deny) {
    const target = ownTarget(rule);
    const cover =
      target === null ? null : findCover(target, denies, (other) => other.rule !== rule && deniesAllOf(other, target));
    if (target !== null && cover !== null)
      report(rule.at, `deny of \`${target.canonical}\` is covered by \`${cover.target.canonical}\``);
  }
}

function whyAllowIsShadowed(rule: RuleNode, allows: EntryIndex, denies: EntryIndex): string | null {
  const target = ownTarget(rule);
  if (target === null) return null;
  const deny = findCover(target, denies, (entry) => deniesAllOf(entry, target));
  if (deny !== null) return `\`${target.canonical}\` is denied whole by \`${deny.target.canonical}\``;
  const allow = findCover(target, allows, (other) => other.rule !== rule && isNoNarrower(other, rule, target));
  return allow === null ? null : `\`${target.canonical}\` is covered by \`${allow.target.canonical}\``;
}

/** A deny holds for every protocol; one on udp for udp only. */
function deniesAllOf(deny: Entry, target: Target): boolean {
  return deny.target.protocol !== 'udp' || target.protocol === 'udp';
}

/** A service refers to few documents; past this many members its references are left out of the search. */
const maxMembersIndexed = 1000;

function indexRules(rules: readonly RuleNode[], context: LintContext): EntryIndex {
  const index: EntryIndex = new Map();
  let left = maxMembersIndexed;
  for (const rule of rules) {
    if (rule.to.kind === 'target') addEntry(index, { target: rule.to.target, rule });
    const members = sharedDocument(rule, context)?.members.slice(0, left) ?? [];
    left -= members.length;
    for (const { target } of members) addEntry(index, { target, rule });
  }
  return index;
}

/** Whether another allow gives all that this one gives: the same protocol and segments, and no condition that this one lacks. */
function isNoNarrower(other: Entry, rule: RuleNode, target: Target): boolean {
  const wider = other.rule;
  if (wider === null || other.target.protocol !== target.protocol) return false;
  if (conditionsKey(wider) !== conditionsKey(rule)) return false;
  return (wider.ech || !rule.ech) && (wider.sniNone || !rule.sniNone);
}
