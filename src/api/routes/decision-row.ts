import type { VerdictRecord } from '../../policy/index.ts';
import { several, verdictCount } from '../../policy/index.ts';
import type { DecisionFilter, DecisionRow } from '../contract/index.ts';

/** A record as the API shows it. What several destinations or sources were counted together for says `*`. */
export function toDecisionRow(record: VerdictRecord): DecisionRow {
  const { destination, principal } = record;
  return {
    id: record.id,
    flow: record.flow,
    time: record.time,
    point: record.point,
    stage: record.stage,
    verdict: record.verdict,
    reason: record.reason,
    wouldDeny: record.wouldDeny ? (record.wouldDenyReason ?? record.reason) : null,
    source: record.source,
    service: principal?.service ?? null,
    identity: principal?.identity ?? null,
    host: destination?.host ?? null,
    port: destination?.port ?? null,
    protocol: destination?.protocol ?? null,
    address: destination?.address ?? null,
    class: destination?.class ?? null,
    query: record.query ?? null,
    ruleIds: record.ruleIds,
    grantId: record.grantId,
    policyVersion: record.policyVersion,
    mode: record.mode ?? null,
    count: verdictCount(record),
  };
}

/** Whether a row is one of those that are asked for. `isLikely` looks at the line before it is parsed, and lets all of those through. */
export interface DecisionMatcher {
  isLikely(line: string): boolean;
  isWanted(row: DecisionRow): boolean;
}

/** Makes the matcher of a filter. */
export function matchDecisions(filter: DecisionFilter): DecisionMatcher {
  const { verdict, service, reason, point, grant } = filter;
  const host = filter.host?.toLowerCase().replace(/^\*?\./, '');
  // Names of ours have no character that JSON writes in another way; a service, a host or an id stands in its line as it is.
  const words = [service, host, reason, grant].filter((word) => word !== undefined);
  return {
    isLikely: (line) => line.includes('"kind":"verdict"') && words.every((word) => line.includes(word)),
    isWanted: (row) =>
      (verdict === undefined || isVerdict(row, verdict)) &&
      (service === undefined || row.service === service) &&
      (host === undefined || isAtOrBelow(row, host)) &&
      (reason === undefined || row.reason === reason || row.wouldDeny === reason) &&
      (point === undefined || row.point === point) &&
      (grant === undefined || row.grantId === grant),
  };
}

function isVerdict(row: DecisionRow, wanted: NonNullable<DecisionFilter['verdict']>): boolean {
  return wanted === 'would-deny' ? row.wouldDeny !== null : row.verdict === wanted;
}

function isAtOrBelow({ host, address }: DecisionRow, wanted: string): boolean {
  if (host === null || host === several) return false;
  return host === wanted || host.endsWith(`.${wanted}`) || address === wanted;
}
