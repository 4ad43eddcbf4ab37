import { failed, fault, ok, type Result } from '../../base/index.ts';
import { type IpPrefix, parseIpAddress, parseIpPrefix, prefixContains } from '../../destination/index.ts';
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

/** Makes the matcher of a filter. Fault: `request_malformed`, where `source` is no address and no block. */
export function matchDecisions(filter: DecisionFilter): Result<DecisionMatcher> {
  const block = filter.source === undefined ? ok(null) : parseIpPrefix(filter.source);
  if (block.ok) return ok(createMatcher(filter, block.value));
  return failed(fault('request_malformed', `\`source\`: ${block.fault.message}`));
}

function createMatcher(filter: DecisionFilter, block: IpPrefix | null): DecisionMatcher {
  const { verdict, service, reason, point, grant, identity } = filter;
  const host = filter.host?.toLowerCase().replace(/^\*?\./, '');
  // Names of ours have no character that JSON writes in another way; a service, a host or an id stands in its line as it is.
  const words = [service, host, reason, grant].filter((word) => word !== undefined);
  // An identity may hold quotes: it stands in the line as JSON writes it.
  if (identity !== undefined) words.push(JSON.stringify(identity));
  return {
    isLikely: (line) => line.includes('"kind":"verdict"') && words.every((word) => line.includes(word)),
    isWanted: (row) =>
      (verdict === undefined || isVerdict(row, verdict)) &&
      (service === undefined || row.service === service) &&
      (host === undefined || isAtOrBelow(row, host)) &&
      (reason === undefined || row.reason === reason || row.wouldDeny === reason) &&
      (point === undefined || row.point === point) &&
      (grant === undefined || row.grantId === grant) &&
      (identity === undefined || row.identity === identity) &&
      (block === null || isFrom(row, block)),
  };
}

function isFrom({ source }: DecisionRow, block: IpPrefix): boolean {
  const colon = source.lastIndexOf(':');
  const address = parseIpAddress(colon === -1 ? source : source.slice(0, colon).replace(/^\[|\]$/g, ''));
  return address.ok && prefixContains(block, address.value);
}

function isVerdict(row: DecisionRow, wanted: NonNullable<DecisionFilter['verdict']>): boolean {
  return wanted === 'would-deny' ? row.wouldDeny !== null : row.verdict === wanted;
}

function isAtOrBelow({ host, address }: DecisionRow, wanted: string): boolean {
  if (host === null || host === several) return false;
  return host === wanted || host.endsWith(`.${wanted}`) || address === wanted;
}
