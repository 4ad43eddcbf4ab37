import { type Destination, hostText } from '../destination/index.ts';
import { defaultHeadLimits, parseResponseHead, type ResponseHeadResult, writeRequestHead } from '../wire/index.ts';
import type { ClientContext } from './client-context.ts';
import { type Ended, joinBytes, noBytes, read, type Step, send, tell } from './conversation.ts';
import type { EndedBy } from './event.ts';
import type { SessionSettings } from './session-ports.ts';

/** A connection through the parent, or why there is none. */
export type ParentOutcome =
  | { readonly address: null }
  | { readonly failure: 'upstream_unreachable' | null; readonly by: EndedBy; readonly cause: string };

/**
 * Asks the parent proxy for a tunnel: `exeat -> parent (CONNECT) -> destination`. Our client's proof never goes along. Our name does, after
 * those of the proxies before us, so that parents in a circle are found out at the first round (`proxy_loop`).
 */
export function* dialParent(client: ClientContext, destination: Destination): Step<ParentOutcome> {
  const command = { type: 'dial_parent' } as const;
  const dialled = client.facts.ask(command) ?? (yield command);
  if (dialled.type === 'over') return { failure: null, by: dialled.by, cause: '' };
  if (dialled.type !== 'dialled') return unreachable('the parent proxy does not answer');
  send(client, 'upstream', connectHead(client.ports.settings, client.via, destination));
  return yield* readAnswer(client);
}

/** An authority in its one spelling: `example.com:443`, `[2001:db8::1]:443`. */
export function authorityText(destination: Destination): string {
  const { host, port } = destination;
  const text = host.kind === 'address' && host.address.family === 6 ? `[${host.address.text}]` : hostText(host);
  return `${text}:${port ?? 0}`;
}

function connectHead(settings: SessionSettings, via: readonly string[], destination: Destination): Uint8Array {
  const authority = authorityText(destination);
  const authorization = settings.parent?.authorization ?? null;
  return writeRequestHead({
    method: 'CONNECT',
    target: authority,
    fields: [
      ['host', authority],
      ['via', [...via, `1.1 ${settings.viaName}`].join(', ')],
      ...(authorization === null ? [] : [['proxy-authorization', authorization] as const]),
    ],
  });
}

function* readAnswer(client: ClientContext): Step<ParentOutcome> {
  let held = noBytes;
  for (;;) {
    const event = yield* read(client, 'upstream');
    if (event.type !== 'bytes') return withoutAnswer(event);
    held = joinBytes(held, event.bytes);
    const result: ResponseHeadResult = parseResponseHead(held, defaultHeadLimits);
    if (result.kind === 'fault') return unreachable('the answer of the parent proxy is malformed');
    if (result.kind === 'incomplete') continue;
    tell(client, { type: 'unread', side: 'upstream', bytes: held.subarray(result.head.byteLength) });
    const { status } = result.head;
    return status >= 200 && status <= 299 ? { address: null } : unreachable(`the parent proxy answered ${status}`);
  }
}

function withoutAnswer(event: Ended): ParentOutcome {
  if (event.type === 'over' && event.by !== 'upstream') return { failure: null, by: event.by, cause: '' };
  return unreachable('the parent proxy gave no answer');
}

function unreachable(cause: string): ParentOutcome {
  return { failure: 'upstream_unreachable', by: 'upstream', cause };
}
