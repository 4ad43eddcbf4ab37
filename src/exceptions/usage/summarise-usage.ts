import type { ExceptionState } from '../lifecycle/exception-state.ts';
import { statusOf } from '../lifecycle/status.ts';
import type { UsageFinding, UsageReport } from './usage.ts';

/** All exceptions in numbers. Shares are 0 to 1, null where there is nothing to share. Times are milliseconds. */
export interface UsageSummary {
  readonly pending: number;
  readonly active: number;
  readonly breakGlass: number;
  readonly closeOverdue: number;
  readonly reviewOverdue: number;
  readonly findings: Readonly<Record<UsageFinding, number>>;
  /** Of the grants whose use was counted from their start. */
  readonly unusedShare: number | null;
  readonly medianApprovalMs: number | null;
  /** The share of approvals that the busiest approver gave. */
  readonly approverConcentration: number | null;
}

/** Counts states with their reports. */
export function summariseUsage(
  states: readonly ExceptionState[],
  reports: readonly UsageReport[],
  nowMs: number,
): UsageSummary {
  const statuses = states.map((state) => statusOf(state, nowMs));
  const count = (holds: (each: (typeof statuses)[number]) => boolean): number => statuses.filter(holds).length;
  const known = reports.filter(({ used }) => used !== null);
  return {
    pending: count(({ status }) => status === 'pending'),
    active: count(({ status }) => status === 'active'),
    breakGlass: states.filter(({ kind }) => kind === 'break-glass').length,
    closeOverdue: count(({ close }) => close === 'close_overdue'),
    reviewOverdue: count(({ review }) => review === 'review_overdue'),
    findings: countFindings(reports),
    unusedShare: shareOf(known.filter(({ findings }) => findings.includes('unused')).length, known.length),
    medianApprovalMs: medianOf(reports.flatMap(({ approvalMs }) => approvalMs ?? [])),
    approverConcentration: concentrationOf(states),
  };
}

/** What was allowed in all, and what only a grant justified: connections and bytes. */
export interface AllowedTraffic {
  readonly connections: number;
  readonly bytes: number;
}

/** The share of traffic that only grants justify: what would stop if every exception ended. Null where nothing was allowed. */
export function exceptionDebt(
  all: AllowedTraffic,
  byGrantOnly: AllowedTraffic,
): { readonly connections: number | null; readonly bytes: number | null } {
  return {
    connections: shareOf(byGrantOnly.connections, all.connections),
    bytes: shareOf(byGrantOnly.bytes, all.bytes),
  };
}

function countFindings(reports: readonly UsageReport[]): UsageSummary['findings'] {
  const counts: Record<UsageFinding, number> = {
    unused: 0,
    extended: 0,
    repeated: 0,
    nearly_permanent: 0,
    same_pair: 0,
    approved_at_once: 0,
    cap_reached: 0,
  };
  for (const { findings } of reports) for (const finding of findings) counts[finding] += 1;
  return counts;
}

function concentrationOf(states: readonly ExceptionState[]): number | null {
  const approvals = states.flatMap(({ grant }) => grant?.approvers ?? []);
  const counts = [...Map.groupBy(approvals, (approver) => approver).values()].map(({ length }) => length);
  return shareOf(Math.max(0, ...counts), approvals.length);
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return null;
  if (sorted.length % 2 === 1) return sorted[middle] ?? null;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
