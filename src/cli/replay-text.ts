import type { Attribution, ReplayComparison, ReplayGroup, ReplayReport, ReplayTotal } from '../flowmap/index.ts';
import { bytesText, timeText } from './flows-options.ts';
import { formatTable, type Row } from './table.ts';
import { countText, shortVersion } from './wording.ts';

/** Columns of groups for programs. */
export const replayColumns = [
  'outcome',
  'service',
  'owner',
  'destination',
  'ports',
  'classes',
  'ranks',
  'candidates',
  'edges',
  'connections',
  'bytesUp',
  'bytesDown',
  'denied',
  'first',
  'last',
  'reasons',
  'ruleIds',
] as const;

/** Every group of a replay with its outcome, then the rules that were never used. */
export function replayRows({ groups, rules }: ReplayReport): readonly Row[] {
  const neverUsed = rules.neverUsed.map(({ id, document, owner }) => ({
    outcome: 'never_used',
    service: document,
    owner,
    ruleIds: [id],
  }));
  return [...groupRows(groups), ...neverUsed];
}

/** Every group of a comparison with what changes. */
export function comparisonRows({ groups }: ReplayComparison): readonly Row[] {
  return groupRows(groups);
}

function groupRows(groups: Readonly<Record<string, readonly ReplayGroup[]>>): readonly Row[] {
  return Object.entries(groups).flatMap(([outcome, list]) =>
    list.map((group) => ({
      ...group,
      outcome,
      first: new Date(group.firstMs).toISOString(),
      last: new Date(group.lastMs).toISOString(),
    })),
  );
}

/** A replay for people: what would break first, then what is doubtful, then the rules that nobody used, and the sums last. */
export function replayText({ groups, rules, totals, policyVersion }: ReplayReport): string {
  const unused = rules.neverUsed.map(({ id, owner, reason, at, isMaybeUsed }) => ({
    rule: id,
    owner,
    reason,
    at: `${at.file}:${at.line}`,
    note: isMaybeUsed ? 'an uncertain edge may have used it' : null,
  }));
  return [
    section('would be denied', columns, groups.would_be_denied.map(groupRow)),
    section('no service of the policy', unknownColumns, groups.no_service.map(unknownRow)),
    section('uncertain', uncertainColumns, groups.uncertain.map(groupRow)),
    section('let through only while observed', columns, groups.observed.map(groupRow)),
    section('denied by the sources themselves', deniedColumns, groups.denied_by_source.map(groupRow)),
    section('rules never used', ['rule', 'owner', 'reason', 'at', 'note'], unused),
    totalsText(totals, `policy ${shortVersion(policyVersion)}`),
  ].join('');
}

/** A comparison for people. */
export function comparisonText({ groups, totals, policyVersion, againstVersion }: ReplayComparison): string {
  return [
    section('newly denied', columns, groups.newly_denied.map(groupRow)),
    section('newly allowed', ruleColumns, groups.newly_allowed.map(groupRow)),
    section('unclear, since names are uncertain', uncertainColumns, groups.unclear.map(groupRow)),
    totalsText(totals, `from ${shortVersion(againstVersion)} to ${shortVersion(policyVersion)}`),
  ].join('');
}

const columns = ['service', 'owner', 'destination', 'ports', 'connections', 'up', 'down', 'last', 'reason'] as const;
const unknownColumns = ['client', 'owner', 'destination', 'ports', 'connections', 'up', 'down', 'last', 'do'] as const;
const uncertainColumns = [...columns.slice(0, -1), 'may be'] as const;
const deniedColumns = ['service', 'owner', 'destination', 'ports', 'refused', 'last', 'policy'] as const;
const ruleColumns = [...columns.slice(0, -1), 'rules'] as const;

/** More rows than this help nobody on a screen; every other output has all. */
const mostRows = 100;

function section(title: string, names: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const shown = rows.slice(0, mostRows);
  const more = rows.length > shown.length ? `… and ${rows.length - shown.length} more, see -o json\n` : '';
  return `${title}\n${formatTable(names, shown)}${more}\n`;
}

function groupRow(group: ReplayGroup): Row {
  return {
    ...group,
    up: bytesText(group.bytesUp),
    down: bytesText(group.bytesDown),
    last: timeText(group.lastMs),
    reason: group.reasons,
    refused: group.denied,
    policy: group.verdicts,
    rules: group.ruleIds,
    'may be': group.candidates,
  };
}

function unknownRow(group: ReplayGroup): Row {
  return { ...groupRow(group), client: group.service, do: [...new Set(group.how.map((how) => advice[how]))] };
}

/** What to do about a client that no service of the policy is, by how it got its name. */
const advice: Readonly<Record<Attribution, string>> = {
  record: 'add a service of this name',
  inventory: 'add a service of this name',
  'policy-source': 'add a service of this name',
  kubernetes: 'add a service of this name, or an inventory entry that gives its range another',
  cloud: 'add a service of this name, or an inventory entry that gives its range another',
  credential: 'add a service of this name',
  user: 'add its credential to the identities of a service',
  dhcp: 'name its range in the inventory',
  logon: 'name its range in the inventory',
  address: 'name its address in the inventory, or in the identities of a service',
};

function totalsText(totals: Readonly<Record<string, ReplayTotal>>, what: string): string {
  const parts = Object.entries(totals)
    .filter(([, { edges }]) => edges > 0)
    .map(([outcome, { edges, connections }]) => `${outcome} ${countText(edges, 'edge')} (${connections} connections)`);
  return `${parts.length === 0 ? 'nothing was seen in this window' : parts.join(', ')}; ${what}\n`;
}
