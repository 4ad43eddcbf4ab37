import type { Destination, Host } from '../destination/index.ts';
import type { Reason, Verdict } from '../policy/index.ts';
import type { ClientContext } from './client-context.ts';
import { meterFlow } from './grants-of-flow.ts';
import type { LiveFlow } from './live-flow.ts';
import { denied, wouldBeDenied } from './records.ts';
import { decisionRequest } from './session-ports.ts';

/** What judging the inside of a flow says: fine; an observed service gets away with it; or no. */
export type InnerVerdict =
  | { readonly kind: 'fine' }
  | { readonly kind: 'observed' | 'refused'; readonly verdict: Verdict; readonly inner: Destination | null };

/** That nothing is wrong. */
export const fine: InnerVerdict = { kind: 'fine' };

/**
 * Judges the name that the inside of a flow speaks to (a server name, a Host) against the destination that was asked for.
 * Asked for by name: it must be that name. Asked for by address: a name that the same principal may reach and whose answer from
 * our resolver holds that address. Under observe another name is judged as a destination of its own.
 */
export function judgeInnerHost(client: ClientContext, flow: LiveFlow, host: Host, mismatch: Reason): InnerVerdict {
  const asked = flow.destination.host;
  if (isSameHost(asked, host)) return fine;
  const inner: Destination = { ...flow.destination, host };
  const own = decideInner(client, flow, inner);
  if (own.verdict === 'allow' && isServedThere(client, asked, host)) {
    setInner(client, flow, inner, own);
    return fine;
  }
  if (!isObserved(flow)) return { kind: 'refused', verdict: denied(flow.verdict, mismatch), inner };
  if (own.verdict === 'deny') return { kind: 'refused', verdict: own, inner };
  setInner(client, flow, inner, own);
  return { kind: 'observed', verdict: wouldBeDenied(flow.verdict, mismatch), inner };
}

// From now on the bytes count against the caps of what allows the inside, too.
function setInner({ ports }: ClientContext, flow: LiveFlow, inner: Destination, { grantId }: Verdict): void {
  const before = flow.innerGrantId;
  flow.inner = inner;
  flow.innerGrantId = grantId;
  if (grantId !== before) meterFlow(ports, flow);
}

/** What a breach that names no other destination comes to: a no, or under observe a remark. */
export function judgeBreach(flow: LiveFlow, reason: Reason): InnerVerdict {
  return isObserved(flow)
    ? { kind: 'observed', verdict: wouldBeDenied(flow.verdict, reason), inner: null }
    : { kind: 'refused', verdict: denied(flow.verdict, reason), inner: null };
}

/** Whether the flow's service is observed, so that what it carries is remarked upon and passes. */
export function isObserved(flow: LiveFlow): boolean {
  return flow.verdict.mode === 'observe';
}

function decideInner({ ports }: ClientContext, flow: LiveFlow, inner: Destination): Verdict {
  const policy = ports.policy.current();
  if (policy === null) return denied(flow.verdict, 'no_policy');
  try {
    return ports.judge.decide(policy, decisionRequest(ports, flow.principal, inner));
  } catch (error) {
    ports.observer.failed('decide', error);
    return denied(flow.verdict, 'decision_failed');
  }
}

function isServedThere({ ports }: ClientContext, asked: Host, host: Host): boolean {
  return asked.kind === 'address' && host.kind === 'name' && ports.resolver.holds(host.name, asked.address);
}

function isSameHost(one: Host, other: Host): boolean {
  if (one.kind === 'name') return other.kind === 'name' && one.name === other.name;
  return other.kind === 'address' && one.address.text === other.address.text;
}
