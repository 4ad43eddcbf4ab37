import { createHelloRetryWatcher, type HelloRetryWatcher } from '../wire/index.ts';
import type { ClientContext, Over } from './client-context.ts';
import { type Ended, joinBytes, readEvent, type Step, send } from './conversation.ts';
import { judgeHello } from './first-bytes.ts';
import { fine, type InnerVerdict, judgeBreach } from './judge-inner.ts';
import type { LiveFlow } from './live-flow.ts';
import { reasonOfHello } from './server-name.ts';

const either = { type: 'read', from: 'either' } as const;

/** How watching ended: the rest may be relayed (with a verdict on what was seen), or the connection is over. */
export type SecondHelloOutcome = { readonly kind: 'watched'; readonly inner: InnerVerdict } | Over;

/**
 * Passes bytes until no second ClientHello can come any more (RFC 8446 section 4.1.4). A HelloRetryRequest lets the client say hello
 * again, and it could name another server: the second hello is held until it was judged like the first. `after` came behind the first.
 */
export function* watchSecondHello(client: ClientContext, flow: LiveFlow, after: Uint8Array): Step<SecondHelloOutcome> {
  const watcher = createHelloRetryWatcher();
  let held = after;
  for (;;) {
    const judged = judgeHeld(client, flow, watcher, held);
    if (judged !== null) return finish(client, judged, held);
    const event = readEvent(client.facts.ask(either) ?? (yield either));
    if (event.type !== 'bytes') return withoutBytes(client, event, held);
    if (event.side === 'client') held = joinBytes(held, event.bytes);
    else {
      watcher.serverBytes(event.bytes);
      send(client, 'client', event.bytes);
    }
  }
}

// A side is done: nothing more can follow that would need judging, and what is held was not asked for by the server.
function withoutBytes(client: ClientContext, event: Ended, held: Uint8Array): SecondHelloOutcome {
  if (event.type === 'over') return { kind: 'over', by: event.by };
  if (event.type === 'deadline') return { kind: 'over', by: 'timeout' };
  return event.side === 'upstream' ? finish(client, fine, held) : { kind: 'watched', inner: fine };
}

function finish(client: ClientContext, inner: InnerVerdict, held: Uint8Array): SecondHelloOutcome {
  if (inner.kind !== 'refused' && held.length > 0) send(client, 'upstream', held);
  return { kind: 'watched', inner };
}

function judgeHeld(
  client: ClientContext,
  flow: LiveFlow,
  watcher: HelloRetryWatcher,
  held: Uint8Array,
): InnerVerdict | null {
  if (watcher.state === 'over') return fine;
  if (held.length === 0) return null;
  const result = watcher.clientBytes(held);
  switch (result.kind) {
    case 'incomplete':
      return null;
    case 'pass':
      return fine;
    case 'second_hello':
      return judgeHello(client, flow, result.hello);
    case 'fault':
      return judgeBreach(flow, reasonOfHello(result.fault.code));
    default:
      return result satisfies never;
  }
}
