import type { ClientContext } from './client-context.ts';
import { tell } from './conversation.ts';
import type { InnerVerdict } from './judge-inner.ts';
import type { LiveFlow } from './live-flow.ts';
import { factsOfFlow, verdictRecord } from './records.ts';

/** Records what the inside of a flow came to, when it is a no or a remark; gives the decision's id. */
export function recordInner(
  client: ClientContext,
  flow: LiveFlow,
  inner: Exclude<InnerVerdict, { kind: 'fine' }>,
): string {
  const nowMs = client.ports.clock.now();
  const id = client.ports.newId(nowMs);
  const facts = factsOfFlow(flow, id, nowMs, 'sni');
  const destination = inner.inner ?? facts.destination;
  tell(client, { type: 'record', record: verdictRecord({ ...facts, destination }, inner.verdict) });
  if (inner.kind === 'refused') client.ports.observer.refused(inner.verdict.reason, flow.principal.service);
  else client.ports.observer.verdict(inner.verdict, flow.principal.service, flow.principal.strength);
  return id;
}
