import type { ClientContext } from './client-context.ts';
import { ask, type Step, send, tell } from './conversation.ts';
import type { EndedBy } from './event.ts';
import { type FirstBytes, readFirstBytes } from './first-bytes.ts';
import { endFlow } from './flow.ts';
import { runHttpTunnel } from './http-tunnel.ts';
import type { InnerVerdict } from './judge-inner.ts';
import type { LiveFlow } from './live-flow.ts';
import { recordInner } from './record-inner.ts';
import { watchSecondHello } from './second-hello.ts';

/**
 * Runs an established tunnel to its end: first bytes, then relay. States: unread -> (refused: reset) | relayed | http, each ends
 * in a close record.
 */
export function* runTunnel(client: ClientContext, flow: LiveFlow): Step<void> {
  const first = yield* readFirstBytes(client, flow);
  const endedBy = yield* carry(client, flow, first);
  endFlow(client, flow, endedBy);
}

/** Relays both ways until the connection is over; says who ended it. */
export function* relay(client: ClientContext): Step<EndedBy> {
  const event = yield* ask(client, { type: 'relay' }, 'over');
  return event.type === 'over' ? event.by : 'timeout';
}

function* carry(client: ClientContext, flow: LiveFlow, first: FirstBytes): Step<EndedBy> {
  if (first.kind === 'over') return first.by;
  const refusedBy = recordAndCut(client, flow, first.inner);
  if (refusedBy !== null) return refusedBy;
  switch (first.kind) {
    case 'refused':
      return 'decision_failed';
    case 'silent':
    case 'opaque':
      if (first.bytes.length > 0) send(client, 'upstream', first.bytes);
      return yield* relay(client);
    case 'http':
      tell(client, { type: 'unread', side: 'client', bytes: first.bytes });
      return yield* runHttpTunnel(client, flow);
    case 'tls':
      return yield* carryTls(client, flow, first);
    default:
      return first satisfies never;
  }
}

function* carryTls(client: ClientContext, flow: LiveFlow, first: Extract<FirstBytes, { kind: 'tls' }>): Step<EndedBy> {
  const { byteLength } = first.hello;
  send(client, 'upstream', first.bytes.subarray(0, byteLength));
  const watched = yield* watchSecondHello(client, flow, first.hello, first.bytes.subarray(byteLength));
  if (watched.kind === 'over') return watched.by;
  const refusedBy = recordAndCut(client, flow, watched.inner);
  return refusedBy ?? (yield* relay(client));
}

function recordAndCut(client: ClientContext, flow: LiveFlow, inner: InnerVerdict): EndedBy | null {
  if (inner.kind === 'fine') return null;
  recordInner(client, flow, inner);
  if (inner.kind === 'observed') return null;
  tell(client, { type: 'reset' });
  return inner.verdict.reason;
}
