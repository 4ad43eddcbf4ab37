import type { ClientContext } from './client-context.ts';
import { noBytes, type Step, send, tell } from './conversation.ts';
import type { EndedBy } from './event.ts';
import { type FirstBytes, readFirstBytes } from './first-bytes.ts';
import { endFlow } from './flow.ts';
import { runHttpTunnel } from './http-tunnel.ts';
import type { InnerVerdict } from './judge-inner.ts';
import type { LiveFlow } from './live-flow.ts';
import { recordInner } from './record-inner.ts';
import { type SecondHelloOutcome, watchSecondHello } from './second-hello.ts';

const tls13 = 0x0304;

/** How a tunnel goes on once its first bytes were judged and sent: by itself, under watch, request by request; or who ended it. */
type Course =
  | { readonly kind: 'relay' | 'http' }
  /** `after` came behind the hello and is held. */
  | { readonly kind: 'watch'; readonly after: Uint8Array }
  | { readonly kind: 'ended'; readonly by: EndedBy };

const relayed: Course = { kind: 'relay' };
const relayCommand = { type: 'relay' } as const;

/**
 * Runs an established tunnel to its end: first bytes, then relay. States: unread -> (refused: reset) | watched -> relayed | http, each ends
 * in a close record. What was read is no part of what stands here while a tunnel stands, which may be for hours.
 */
export function* runTunnel(client: ClientContext, flow: LiveFlow): Step<void> {
  let course = yield* openTunnel(client, flow);
  if (course.kind === 'watch') course = afterWatch(client, flow, yield* watchSecondHello(client, flow, course.after));
  if (course.kind === 'ended') return endFlow(client, flow, course.by);
  if (course.kind === 'http') return endFlow(client, flow, yield* runHttpTunnel(client, flow));
  const event = client.facts.ask(relayCommand) ?? (yield relayCommand);
  endFlow(client, flow, event.type === 'over' ? event.by : 'timeout');
}

function* openTunnel(client: ClientContext, flow: LiveFlow): Step<Course> {
  const first = yield* readFirstBytes(client, flow);
  if (first.kind === 'over') return { kind: 'ended', by: first.by };
  const refusedBy = recordAndCut(client, flow, first.inner);
  if (refusedBy !== null) return { kind: 'ended', by: refusedBy };
  switch (first.kind) {
    case 'refused':
      return { kind: 'ended', by: 'decision_failed' };
    case 'silent':
    case 'opaque':
      if (first.bytes.length > 0) send(client, 'upstream', first.bytes);
      return relayed;
    case 'http':
      tell(client, { type: 'unread', side: 'client', bytes: first.bytes });
      return { kind: 'http' };
    case 'tls':
      return passHello(client, first);
    default:
      return first satisfies never;
  }
}

// Before TLS 1.3 nobody says hello again (RFC 8446 section 4.1.4).
function passHello(client: ClientContext, { bytes, hello }: Extract<FirstBytes, { kind: 'tls' }>): Course {
  const isWatched = hello.supportedVersions.includes(tls13);
  send(client, 'upstream', isWatched ? bytes.subarray(0, hello.byteLength) : bytes);
  if (!isWatched) return relayed;
  return { kind: 'watch', after: hello.byteLength === bytes.length ? noBytes : bytes.subarray(hello.byteLength) };
}

function afterWatch(client: ClientContext, flow: LiveFlow, watched: SecondHelloOutcome): Course {
  if (watched.kind === 'over') return { kind: 'ended', by: watched.by };
  const refusedBy = recordAndCut(client, flow, watched.inner);
  return refusedBy === null ? relayed : { kind: 'ended', by: refusedBy };
}

function recordAndCut(client: ClientContext, flow: LiveFlow, inner: InnerVerdict): EndedBy | null {
  if (inner.kind === 'fine') return null;
  recordInner(client, flow, inner);
  if (inner.kind === 'observed') return null;
  tell(client, { type: 'reset' });
  return inner.verdict.reason;
}
