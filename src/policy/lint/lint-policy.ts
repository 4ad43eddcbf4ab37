import type { PolicyTree } from '../nodes.ts';
import type { Finding, LintRule } from './finding.ts';
import { createLintContext, type LintContext } from './lint-context.ts';
import { lintRules } from './lint-rules.ts';

/** More findings of one rule than this are one problem; the last one listed says how many there were. */
const maxFindingsPerRule = 1000;

/** Says what is doubtful in a policy that parsed, in order of place. `now` is epoch milliseconds. Near-linear in its rules. */
export function lintPolicy(tree: PolicyTree, { now }: { readonly now: number }): readonly Finding[] {
  const context = createLintContext(tree, now);
  return lintRules.flatMap((rule) => runRule(rule, context)).sort(byPlace);
}

function runRule(rule: LintRule, context: LintContext): readonly Finding[] {
  const findings: Finding[] = [];
  let count = 0;
  const { id, severity, mend } = rule;
  rule.find(context, (at, message) => {
    count += 1;
    if (count <= maxFindingsPerRule) findings.push({ rule: id, severity, message, at, mend });
  });
  const last = findings.at(-1);
  if (last !== undefined && count > maxFindingsPerRule)
    findings.push({ ...last, message: `${count - maxFindingsPerRule} more findings of \`${id}\` are not listed` });
  return findings;
}

function byPlace(a: Finding, b: Finding): number {
  if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
  return a.at.line - b.at.line || a.at.column - b.at.column;
}
