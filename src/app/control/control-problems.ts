import { isLive, statusOf } from '../../exceptions/index.ts';
import type { AuditLog } from '../audit/keep-audit-log.ts';
import type { FiledClock } from '../clock-file.ts';
import type { ActDesk } from './desk/act-desk.ts';
import type { PendingActs } from './desk/pending-acts.ts';
import type { Standing } from './desk/standing.ts';
import type { GrantPublisher } from './grant-publisher.ts';
import type { PolicyKeeper } from './policy-keeper.ts';

/** Who is asked what is wrong. */
export interface ProblemSources {
  readonly policy: PolicyKeeper;
  readonly desk: ActDesk;
  readonly pending: PendingActs;
  readonly audit: AuditLog;
  readonly publisher: GrantPublisher;
  readonly clock: FiledClock;
  readonly standing: Standing;
}

/** Everything in control that somebody must look at, a line each; the policy first. */
export function findProblems(sources: ProblemSources): readonly string[] {
  const { policy, desk, pending, audit, publisher, clock, standing } = sources;
  const { lastError, anchors } = audit.status();
  return [
    ...policy.problems(),
    ...say(desk.problem(), (why) => `the log of acts cannot be written, nothing is widened: ${why}`),
    ...say(pending.acts.length || null, (count) => `${count} acts in force are not written down yet`),
    ...say(lastError, (why) => `the audit log cannot be written, nothing is widened: ${why}`),
    ...anchors.flatMap((anchor) => say(anchor.lastError, (why) => `anchor ${anchor.name}: ${why}`)),
    ...say(publisher.problem(), (why) => why),
    ...say(clock.problem(), (why) => why),
    ...findOverdue(standing, clock.now()),
  ];
}

/** Break-glass that is open, a line each: loud, and no reason to stop anything. */
export function findBreakGlass(standing: Standing, nowMs: number): readonly string[] {
  return [...standing.exceptions.values()]
    .filter((state) => state.kind === 'break-glass' && isLive(state, nowMs))
    .map(({ id, requester, spec, grant }) => {
      const until = new Date(grant?.notAfterMs ?? nowMs).toISOString();
      return `BREAK-GLASS ${id} of ${requester} opens ${spec.to} for ${spec.service} until ${until}: ${spec.reason}`;
    });
}

function findOverdue(standing: Standing, nowMs: number): readonly string[] {
  const all = [...standing.exceptions.values()].map((state) => ({ id: state.id, ...statusOf(state, nowMs) }));
  const closing = all.filter(({ close }) => close === 'close_overdue').map(({ id }) => id);
  const reviews = all.filter(({ review }) => review === 'review_overdue').map(({ id }) => id);
  return [
    ...say(idsText(closing), (ids) => `the end of ${ids} is not confirmed by the point`),
    ...say(idsText(reviews), (ids) => `the review of ${ids} is overdue`),
  ];
}

function idsText(ids: readonly string[]): string | null {
  if (ids.length === 0) return null;
  return ids.length <= 3 ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more`;
}

function say<T>(what: T | null, text: (what: T) => string): readonly string[] {
  return what === null ? [] : [text(what)];
}
