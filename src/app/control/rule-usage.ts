import type { VerdictRecord } from '../../policy/index.ts';

/** When each rule last let something out, epoch milliseconds, by rule id. In order of last use: the first entry is the one to drop. */
export type RuleUsage = Map<string, number>;

// About 150 bytes each. Rules that were used and fell out look unused: told as "not since" and never as "never".
const maxRules = 200_000;

/** An empty usage of rules. */
export function createRuleUsage(): RuleUsage {
  return new Map();
}

/** Notes the rules that allowed. */
export function foldRules(usage: RuleUsage, record: VerdictRecord, atMs: number): void {
  if (record.verdict !== 'allow') return;
  for (const id of record.ruleIds) {
    const last = Math.max(usage.get(id) ?? 0, atMs);
    usage.delete(id);
    usage.set(id, last);
  }
  while (usage.size > maxRules) {
    const [oldest] = usage.keys();
    if (oldest === undefined) return;
    usage.delete(oldest);
  }
}
