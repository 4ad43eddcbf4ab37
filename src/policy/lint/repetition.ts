import { parsePolicyTarget, type Target } from '../../destination/index.ts';
import type { DestinationsNode, RuleNode, ServiceNode } from '../nodes.ts';
import { conditionsKey, type EntryIndex, findCover, memberIndex } from './entry-index.ts';
import type { LintRule, ReportFinding } from './finding.ts';
import { ownTarget } from './lint-context.ts';

/** From so many services on, one list is easier to keep right than many copies. */
const manyServices = 3;
const shownMembers = 5;

/** The same rule is copied from service to service. */
export const repeatedRules: LintRule = {
  id: 'repeated-rules',
  severity: 'note',
  says: 'the same rules stand in three services or more',
  mend: 'write a `destinations` document and refer to it by `@name`',
  find: ({ services }, report) => {
    for (const { rules, names } of findRepeated(services)) {
      const [first] = rules;
      if (first === undefined) continue;
      const shown = rules.slice(0, shownMembers).map((rule) => `\`${ownTarget(rule)?.canonical}\``);
      const more = rules.length > shownMembers ? ` and ${rules.length - shownMembers} more` : '';
      report(first.at, `${shown.join(', ')}${more} stand in ${names.length} services, \`${names[0]}\` first`);
    }
  },
};

/** A service asks for a whole shared document, and its tests use a part of it. */
export const memberUntested: LintRule = {
  id: 'member-untested',
  severity: 'note',
  says: "members of a shared document are never used by a service's tests",
  mend: 'add tests for the members that the service needs, or refer to a smaller document',
  find: (context, report) => {
    for (const service of context.services)
      for (const rule of service.allow) {
        const document = rule.to.kind === 'reference' ? context.destinations.get(rule.to.name) : undefined;
        if (document !== undefined) reportUntested(service, rule, document, report);
      }
  },
};

interface Repeated {
  readonly rules: readonly RuleNode[];
  readonly names: readonly string[];
}

/** Rules that stand in the same three services or more, one group for each set of services. */
function findRepeated(services: readonly ServiceNode[]): Iterable<Repeated> {
  const groups = new Map<string, { readonly rules: RuleNode[]; readonly names: readonly string[] }>();
  for (const { rule, names } of holdersByRule(services)) {
    if (names.length < manyServices) continue;
    const key = names.join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { rules: [rule], names });
    else group.rules.push(rule);
  }
  return groups.values();
}

function holdersByRule(services: readonly ServiceNode[]): Iterable<{ rule: RuleNode; names: string[] }> {
  const holders = new Map<string, { readonly rule: RuleNode; readonly names: string[] }>();
  for (const service of services)
    for (const rule of service.allow) {
      if (rule.to.kind === 'reference') continue;
      const key = `${rule.to.target.canonical}|${conditionsKey(rule)}|${rule.ech}|${rule.sniNone}|${rule.queries.join()}`;
      const known = holders.get(key);
      if (known === undefined) holders.set(key, { rule, names: [service.name] });
      else known.names.push(service.name);
    }
  return holders.values();
}

function reportUntested(service: ServiceNode, rule: RuleNode, document: DestinationsNode, report: ReportFinding): void {
  const used = usedTargets(service, memberIndex(document));
  const count = document.members.length - used.size;
  if (count <= 0) return;
  const unused: string[] = [];
  for (const { target } of document.members) {
    if (unused.length === shownMembers) break;
    if (!used.has(target)) unused.push(`\`${target.canonical}\``);
  }
  const more = count > unused.length ? ` and ${count - unused.length} more` : '';
  report(rule.at, `no test of \`${service.name}\` uses ${unused.join(', ')}${more} of \`@${document.name}\``);
}

function usedTargets(service: ServiceNode, index: EntryIndex): ReadonlySet<Target> {
  const used = new Set<Target>();
  for (const test of service.tests) {
    const asked = test.expect === 'allow' ? parsePolicyTarget(test.to) : null;
    const member = asked?.ok ? findCover(asked.value, index, () => true) : null;
    if (member !== null) used.add(member.target);
  }
  return used;
}
