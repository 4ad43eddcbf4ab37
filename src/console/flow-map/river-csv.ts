import type { FlowMapAnswer, FlowPath } from '../../api/contract/index.ts';
import { toCsv } from '../ui/csv.ts';

const head = [
  ...['from', 'service', 'point', 'to', 'verdict', 'reasons', 'connections', 'bytesUp', 'bytesDown', 'lastAt'],
  ...['rules', 'owners', 'exceptions'],
];

const draftHead = ['withDraft', 'todayReasons', 'todayRules', 'draftReasons', 'draftRules'];

/**
 * The flow map as CSV: what the table shows, and what was allowed and not used with the verdict `unused`. Where a draft is tried, what becomes
 * of each way and by what.
 */
export function csvOf({ paths, unused, rules }: FlowMapAnswer): string {
  const isTried = paths.some(({ outcome }) => outcome !== undefined);
  const owners = new Map(rules.map(({ id, owner }) => [id, owner]));
  const used = paths.map((path) => [
    ...[path.from, path.service, path.point, path.to, path.verdict, path.reasons.join(' ')],
    ...[path.connections, path.bytesUp, path.bytesDown, path.lastAt, path.ruleIds.join(' ')],
    [...new Set(path.ruleIds.flatMap((id) => owners.get(id) ?? []))].join(' '),
    path.grantIds.join(' '),
    ...(isTried ? trialCells(path) : []),
  ]);
  const quiet = unused.map((rule) => [
    ...['', rule.service, '', rule.to, 'unused', '', 0, 0, 0, null],
    ...(rule.kind === 'rule' ? [rule.id, rule.owner, ''] : ['', rule.owner, rule.id]),
    ...(isTried ? draftHead.map(() => null) : []),
  ]);
  return toCsv(isTried ? [...head, ...draftHead] : head, [...used, ...quiet]);
}

function trialCells({ outcome = 'not_judged', today, draft }: FlowPath): readonly string[] {
  const said = [today?.reasons, today?.ruleIds, draft?.reasons, draft?.ruleIds];
  return [outcome, ...said.map((list) => (list ?? []).join(' '))];
}
