import { drainEndOfGrant, endOfGrant, type Reason } from '../policy/index.ts';
import type { LiveFlow } from './live-flow.ts';
import type { ByteMeter } from './ports.ts';
import type { SessionPorts } from './session-ports.ts';

/** The grants that a flow lives by: of its destination, and of what its inside names. Empty where rules justify it. */
export function grantsOfFlow({ verdict, innerGrantId }: LiveFlow): readonly string[] {
  if (innerGrantId === null) return verdict.grantId === null ? none : [verdict.grantId];
  return verdict.grantId === null || verdict.grantId === innerGrantId
    ? [innerGrantId]
    : [verdict.grantId, innerGrantId];
}

const none: readonly string[] = [];

/** Has the bytes of a flow counted against the caps of the grants that it lives by now. */
export function meterFlow(ports: SessionPorts, flow: LiveFlow): void {
  const meters = grantsOfFlow(flow).flatMap((id) => ports.budgets.meterOf(id) ?? []);
  flow.meter = meters.length > 1 ? joined(meters) : (meters[0] ?? null);
}

/** When a flow is to be looked at because one of the grants that it lives by ends, or is drained (epoch milliseconds); null where none is. */
export function grantEndOfFlow(ports: SessionPorts, flow: LiveFlow): number | null {
  const ids = grantsOfFlow(flow);
  if (ids.length === 0) return null;
  const { byId } = ports.policy.facts().grants;
  const nowMs = ports.clock.now();
  const ends = ids.map((id) => {
    const { notAfter = 0, drainMs = 0 } = byId.get(id)?.grant ?? {};
    return nowMs < notAfter ? notAfter : notAfter + drainMs;
  });
  return Math.min(...ends);
}

/** Whether a flow may finish although a grant that it lives by has ended: by its time alone, and not for longer than that one says. */
export function isDraining(ports: SessionPorts, flow: LiveFlow): boolean {
  const { grants, spent } = ports.policy.facts();
  const nowMs = ports.clock.now();
  const ids = grantsOfFlow(flow);
  return ids.length > 0 && ids.every((id) => nowMs < (drainEndOfGrant(grants, id, spent) ?? 0));
}

/** Why the first of the grants that a flow lived by counts no more; null where all of them count, or there is none. */
export function grantOverOfFlow(ports: SessionPorts, flow: LiveFlow): Reason | null {
  const { grants, spent } = ports.policy.facts();
  const now = ports.clock.now();
  for (const id of grantsOfFlow(flow)) {
    const over = endOfGrant(grants, id, now, spent);
    if (over !== null) return over;
  }
  return null;
}

// What the first gives out and the second does not is lost to the first: never more than either allows.
function joined(meters: readonly ByteMeter[]): ByteMeter {
  return {
    take: (direction, bytes) => meters.reduce((left, meter) => meter.take(direction, left), bytes),
  };
}
