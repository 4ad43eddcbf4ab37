import type { Target } from '../../destination/index.ts';
import type { RuleNode, ServiceNode } from '../nodes.ts';
import { addEntry, conditionsKey, type Entry, type EntryIndex, findCover, memberIndex } from './entry-index.ts';
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

/** Entries to search: a service's own, or the members of a shared document with the rule that refers to them. */
interface Layer {
  readonly index: EntryIndex;
  readonly reference: RuleNode | null;
}

type Accepts = (entry: Entry) => boolean;

/** A service refers to few documents; past this many its references are left out of the search, which misses findings and bounds the work. */
const maxLayers = 32;

function findShadowed(service: ServiceNode, context: LintContext, report: ReportFinding): void {
  const allows = layersOf(service.allow, context);
  const denies = layersOf(service.deny, context);
  for (const rule of service.allow) {
    const why = whyAllowIsShadowed(rule, allows, denies);
    if (why !== null) report(rule.at, why);
  }
  for (const rule of service.deny) {
    const why = whyDenyIsShadowed(rule, denies);
    if (why !== null) report(rule.at, why);
  }
}

function whyAllowIsShadowed(rule: RuleNode, allows: readonly Layer[], denies: readonly Layer[]): string | null {
  const target = ownTarget(rule);
  if (target === null) return null;
  const deny = findInLayers(target, denies, (entry) => deniesAllOf(entry, target));
  if (deny !== null) return `\`${target.canonical}\` is denied whole by \`${deny.target.canonical}\``;
  const allow = findInLayers(target, allows, (other) => other.rule !== rule && isNoNarrower(other, rule, target));
  return allow === null ? null : `\`${target.canonical}\` is covered by \`${allow.target.canonical}\``;
}

function whyDenyIsShadowed(rule: RuleNode, denies: readonly Layer[]): string | null {
  const target = ownTarget(rule);
  if (target === null) return null;
  const cover = findInLayers(target, denies, (other) => other.rule !== rule && deniesAllOf(other, target));
  return cover === null ? null : `deny of \`${target.canonical}\` is covered by \`${cover.target.canonical}\``;
}

function findInLayers(target: Target, layers: readonly Layer[], accepts: Accepts): Entry | null {
  for (const { index, reference } of layers) {
    const found = findCover(target, index, ({ target: covering, rule }) =>
      accepts({ target: covering, rule: reference ?? rule }),
    );
    if (found !== null) return found;
  }
  return null;
}

function layersOf(rules: readonly RuleNode[], context: LintContext): readonly Layer[] {
  const own: EntryIndex = new Map();
  const layers: Layer[] = [{ index: own, reference: null }];
  for (const rule of rules) {
    if (rule.to.kind === 'target') addEntry(own, { target: rule.to.target, rule });
    const document = sharedDocument(rule, context);
    if (document !== null && layers.length <= maxLayers) layers.push({ index: memberIndex(document), reference: rule });
  }
  return layers;
}

/** A deny holds for every protocol; one on udp for udp only. */
function deniesAllOf(deny: Entry, target: Target): boolean {
  return deny.target.protocol !== 'udp' || target.protocol === 'udp';
}

/** Whether another allow gives all that this one gives: the same protocol and segments, and no condition that this one lacks. */
function isNoNarrower(other: Entry, rule: RuleNode, target: Target): boolean {
  const wider = other.rule;
  if (wider === null || other.target.protocol !== target.protocol) return false;
  if (conditionsKey(wider) !== conditionsKey(rule)) return false;
  const hasQueries = rule.queries.every((type) => wider.queries.includes(type));
  return (wider.ech || !rule.ech) && (wider.sniNone || !rule.sniNone) && hasQueries;
}
