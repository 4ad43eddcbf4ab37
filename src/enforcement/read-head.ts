import { parseRequestHead, type RequestHead } from '../wire/index.ts';
import type { ClientContext, Over } from './client-context.ts';
import { arm, type Ended, joinBytes, noBytes, readClient, type Step, tell } from './conversation.ts';

/** The most fields of a request head: browsers send about 20. */
export const maxHeadFields = 100;

/** A request head of the client, or why there is none. `end`: the client is done, or too slow. */
export type HeadRead =
  | { readonly kind: 'head'; readonly head: RequestHead }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'end' }
  | Over;

/**
 * Reads the next request head; what follows it is given back. The first head of a connection runs under the deadline that was armed
 * at the accept; one that answers a challenge has as long from there on, since whoever has proven nothing holds no place for long; a
 * later one from its first byte on: until then only the idle timeout counts.
 */
export function* readHead(client: ClientContext, which: 'first' | 'later'): Step<HeadRead> {
  const isChallenged = which === 'later' && client.challenges > 0;
  if (isChallenged) arm(client, client.ports.settings.limits.headTimeoutMs);
  const result = yield* collectHead(client, which === 'later' && !isChallenged);
  arm(client, null);
  return result;
}

function* collectHead(client: ClientContext, armsOnFirstByte: boolean): Step<HeadRead> {
  const { limits } = client.ports.settings;
  let held = noBytes;
  let searchedBytes = 0;
  for (;;) {
    const event = yield* readClient(client);
    if (event.type !== 'bytes') return withoutHead(event);
    if (held.length === 0 && armsOnFirstByte) arm(client, limits.headTimeoutMs);
    held = joinBytes(held, event.bytes);
    const result = parseRequestHead(
      held,
      { maxHeadBytes: limits.maxHeadBytes, maxFields: maxHeadFields },
      searchedBytes,
    );
    if (result.kind === 'fault') return { kind: 'malformed', detail: result.fault.message };
    if (result.kind === 'head') return giveHead(client, result.head, held);
    searchedBytes = result.searchedBytes;
  }
}

function withoutHead(event: Ended): HeadRead {
  return event.type === 'over' ? { kind: 'over', by: event.by } : { kind: 'end' };
}

function giveHead(client: ClientContext, head: RequestHead, held: Uint8Array): HeadRead {
  const rest = held.subarray(head.byteLength);
  if (rest.length > 0) tell(client, { type: 'unread', side: 'client', bytes: rest });
  return { kind: 'head', head };
}
