import type { EdgeAnswer, OverviewAnswer, PointAnswer } from '../../api/contract/index.ts';
import { askLocal } from '../local-socket.ts';
import type { PointStatus } from '../status.ts';
import type { ControlActs } from './assemble-acts.ts';
import { findBrokenEdges, foldConnections, foldNamedShare } from './fold-status.ts';
import { listChanges } from './list-changes.ts';
import type { Usage, UsageEdge } from './usage.ts';

// What a person reads in one go; the counts say how many there are.
const mostShown = 20;
const freshMs = 24 * 3_600_000;
const shownDays = 30;
const askTimeoutMs = 3_000;

/** Tells whether enforcement holds and what is odd, from what control counts and what the point says. */
export async function tellOverview(acts: ControlActs, pointSocket: string): Promise<OverviewAnswer> {
  const [ready, point] = await Promise.all([
    acts.readiness(),
    askLocal<PointStatus>(pointSocket, 'status', null, askTimeoutMs),
  ]);
  await Promise.all([acts.usage.caughtUp(), acts.traffic.caughtUp()]);
  const nowMs = acts.clock.now();
  const usage = acts.usage.current();
  const fresh = findFresh(usage, nowMs);
  const broken = findBrokenEdges(usage, nowMs);
  const status = point.ok ? point.value : null;
  return {
    at: new Date(nowMs).toISOString(),
    policyVersion: ready.policyVersion,
    points: status === null ? [] : [toPoint(status, ready.policyVersion)],
    servicesByMode: status?.servicesByMode ?? null,
    observeEnds: status?.observeEnds.slice(0, mostShown) ?? [],
    enforcedShare: foldConnections(usage, nowMs).enforcedShare,
    namedShare: foldNamedShare(usage, nowMs),
    now: acts.traffic.recent.tell(nowMs),
    changes: await listChanges(acts, nowMs),
    days: listDays(usage),
    fresh: fresh.slice(0, mostShown).map(toEdge),
    freshCount: fresh.length,
    broken: broken.slice(0, mostShown).map(toEdge),
    brokenCount: broken.length,
    problems: [
      ...new Set([
        ...acts.notices(),
        ...ready.problems,
        ...(status?.problems ?? ['the enforcement point does not answer']),
      ]),
    ],
  };
}

function toPoint(status: PointStatus, inForce: string | null): PointAnswer {
  const { startedAt, policyVersion, openConnections, records } = status;
  return {
    name: 'point',
    ...{ startedAt, policyVersion, openConnections },
    isCurrent: policyVersion !== null && policyVersion === inForce,
    isKeepingRecords: records.isKeeping,
  };
}

function findFresh(usage: Usage, nowMs: number): readonly UsageEdge[] {
  const fresh = [...usage.edges.values()].filter(({ firstSeen }) => firstSeen >= nowMs - freshMs);
  return fresh.sort((one, other) => other.firstSeen - one.firstSeen);
}

function listDays(usage: Usage): OverviewAnswer['days'] {
  const days = [...usage.days.values()].sort((one, other) => (one.day < other.day ? -1 : 1)).slice(-shownDays);
  return days.map(({ day, allowed, denied, wouldDeny }) => ({ day, allowed, denied, wouldDeny }));
}

function toEdge({ service, host, port, firstSeen, lastAllowed, lastDenied, lastDeniedReason }: UsageEdge): EdgeAnswer {
  const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  return {
    ...{ service, host, port },
    firstSeen: new Date(firstSeen).toISOString(),
    lastAllowed: instant(lastAllowed),
    lastDenied: instant(lastDenied),
    reason: lastDeniedReason,
  };
}
