import type { FlowMapAnswer } from '../../api/contract/index.ts';
import { toCsv } from '../ui/csv.ts';

const head = [
  ...['from', 'service', 'point', 'to', 'verdict', 'reasons', 'connections', 'bytesUp', 'bytesDown', 'lastAt'],
  ...['rules', 'owners', 'exceptions'],
];

/** The flow map as CSV: what the table shows, and what was allowed and not used with the verdict `unused`. */
export function csvOf({ paths, unused, rules }: FlowMapAnswer): string {
  const owners = new Map(rules.map(({ id, owner }) => [id, owner]));
  const used = paths.map((path) => [
    ...[path.from, path.service, path.point, path.to, path.verdict, path.reasons.join(' ')],
    ...[path.connections, path.bytesUp, path.bytesDown, path.lastAt, path.ruleIds.join(' ')],
    [...new Set(path.ruleIds.flatMap((id) => owners.get(id) ?? []))].join(' '),
    path.grantIds.join(' '),
  ]);
  const quiet = unused.map((rule) => [
    ...['', rule.service, '', rule.to, 'unused', '', 0, 0, 0, null],
    ...(rule.kind === 'rule' ? [rule.id, rule.owner, ''] : ['', rule.owner, rule.id]),
  ]);
  return toCsv(head, [...used, ...quiet]);
}
