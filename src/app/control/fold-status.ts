import type { Strength } from '../../identity/index.ts';
import type { BrokenFlow, ConnectionShares } from '../status.ts';
import { type Usage, type UsageEdge, usageWindowMs } from './usage.ts';

// What a person reads in one go; the count says how many there are.
const maxShownFlows = 100;

/** Sums the days of the window. `nowMs` is epoch milliseconds. */
export function foldConnections(usage: Usage, nowMs: number): ConnectionShares {
  const firstDay = new Date(nowMs - usageWindowMs).toISOString().slice(0, 10);
  const byStrength: Partial<Record<Strength, number>> = {};
  let enforced = 0;
  let observed = 0;
  let wouldDeny = 0;
  for (const day of usage.days.values()) {
    if (day.day < firstDay) continue;
    enforced += day.enforced;
    observed += day.observed;
    wouldDeny += day.wouldDeny;
    for (const [strength, count] of Object.entries(day.byStrength) as [Strength, number][]) {
      byStrength[strength] = (byStrength[strength] ?? 0) + count;
    }
  }
  const total = enforced + observed;
  return { total, enforced, enforcedShare: total === 0 ? null : enforced / total, wouldDeny, byStrength };
}

/** Of the connections of the window, those whose service and destination are known by name; null where none was counted. */
export function foldNamedShare(usage: Usage, nowMs: number): number | null {
  const firstDay = new Date(nowMs - usageWindowMs).toISOString().slice(0, 10);
  const days = [...usage.days.values()].filter(({ day }) => day >= firstDay);
  const named = days.reduce((sum, day) => sum + (day.named ?? 0), 0);
  const all = days.reduce((sum, day) => sum + (day.unnamed ?? 0), named);
  return all === 0 ? null : named / all;
}

/** Edges whose last verdict was a refusal and that were let through within 30 days, the latest refusal first. */
export function findBrokenEdges(usage: Usage, nowMs: number): readonly UsageEdge[] {
  const since = nowMs - usageWindowMs;
  const broken = [...usage.edges.values()].filter((edge) => isBroken(edge, since));
  return broken.sort((a, b) => (b.lastDenied ?? 0) - (a.lastDenied ?? 0));
}

/** The first of them as a status shows them, and how many there are. */
export function findBrokenFlows(
  usage: Usage,
  nowMs: number,
): { readonly flows: readonly BrokenFlow[]; readonly count: number } {
  const broken = findBrokenEdges(usage, nowMs);
  return { count: broken.length, flows: broken.slice(0, maxShownFlows).map(toFlow) };
}

function isBroken(edge: UsageEdge, since: number): boolean {
  const { lastAllowed, lastDenied } = edge;
  return lastAllowed !== null && lastDenied !== null && lastAllowed >= since && lastDenied >= lastAllowed;
}

function toFlow(edge: UsageEdge): BrokenFlow {
  return {
    service: edge.service,
    host: edge.host,
    port: edge.port,
    lastAllowed: new Date(edge.lastAllowed ?? 0).toISOString(),
    lastDenied: new Date(edge.lastDenied ?? 0).toISOString(),
    reason: edge.lastDeniedReason,
  };
}
