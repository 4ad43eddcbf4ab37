import { parseRequestHead, type RequestHead, type RequestHeadResult } from '../wire/index.ts';
import type { ClientContext, Over } from './client-context.ts';
import { arm, joinBytes, noBytes, readClient, type Step } from './conversation.ts';

// Browsers send about 20 fields.
const maxFields = 100;

/** A request head of the client, or why there is none. `end`: the client is done, or too slow. */
export type HeadRead =
  | { readonly kind: 'head'; readonly head: RequestHead }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'end' }
  | Over;

/**
 * Reads the next request head; what follows it is given back. The first head of a connection runs under the deadline that was armed
 * at the accept, a later one from its first byte on: until then only the idle timeout counts.
 */
export function* readHead(client: ClientContext, which: 'first' | 'later'): Step<HeadRead> {
  const result = yield* collectHead(client, which === 'later');
  yield* arm(null);
  return result;
}

function* collectHead(client: ClientContext, armsOnFirstByte: boolean): Step<HeadRead> {
  const { limits } = client.ports.settings;
  let held = noBytes;
  let searchedBytes = 0;
  for (;;) {
    const event = yield* readClient();
    if (event.type === 'over') return { kind: 'over', by: event.by };
    if (event.type !== 'bytes') return { kind: 'end' };
    if (held.length === 0 && armsOnFirstByte) yield* arm(limits.headTimeoutMs);
    held = joinBytes(held, event.bytes);
    const result = parseRequestHead(held, { maxHeadBytes: limits.maxHeadBytes, maxFields }, searchedBytes);
    if (result.kind !== 'incomplete') return yield* readOut(held, result);
    searchedBytes = result.searchedBytes;
  }
}

function* readOut(held: Uint8Array, result: Exclude<RequestHeadResult, { kind: 'incomplete' }>): Step<HeadRead> {
  if (result.kind === 'fault') return { kind: 'malformed', detail: result.fault.message };
  const rest = held.subarray(result.head.byteLength);
  if (rest.length > 0) yield { type: 'unread', side: 'client', bytes: rest };
  return { kind: 'head', head: result.head };
}
