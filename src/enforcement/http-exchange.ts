import {
  type BodyFraming,
  defaultHeadLimits,
  parseResponseHead,
  type RequestHead,
  type ResponseHead,
  responseFraming,
} from '../wire/index.ts';
import { type BodyScanner, createBodyScanner } from './body-scanner.ts';
import type { ClientContext, Over } from './client-context.ts';
import { type Ended, joinBytes, noBytes, read, type Step, send, tell } from './conversation.ts';
import type { EndedBy } from './event.ts';
import { forwardResponse, isWebSocketUpgrade } from './forward-head.ts';

/** One request, judged and rewritten. */
export interface Exchange {
  readonly head: RequestHead;
  readonly framing: BodyFraming;
  readonly outgoing: Uint8Array;
  /** Whether the client's connection may serve another request after this one. */
  readonly keepsClient: boolean;
}

/**
 * How an exchange ended. `complete`: the client may ask again (`keeps`). `upgraded`: both sides speak WebSocket now. `failed`: the
 * upstream gave no good response head, so the client can still be told. `broken`: the framing is lost, close.
 */
export type ExchangeEnd =
  | { readonly kind: 'complete'; readonly keeps: boolean; readonly upstreamKeeps: boolean }
  | { readonly kind: 'upgraded' | 'broken' | 'failed' | 'malformed' }
  | Over;

interface State {
  readonly client: ClientContext;
  readonly exchange: Exchange;
  readonly request: BodyScanner;
  response: BodyScanner | null;
  held: Uint8Array;
  keeps: boolean;
  upstreamKeeps: boolean;
}

/**
 * Sends a request and brings back its response, bodies as they come, nothing kept. States: head awaited (1xx pass) -> body ->
 * complete; the request's body goes up meanwhile.
 */
export function* runExchange(client: ClientContext, exchange: Exchange): Step<ExchangeEnd> {
  const state: State = {
    client,
    exchange,
    request: createBodyScanner(exchange.framing),
    response: null,
    held: noBytes,
    keeps: exchange.keepsClient,
    upstreamKeeps: true,
  };
  send(client, 'upstream', exchange.outgoing);
  for (;;) {
    const event = yield* read(client, state.request.isDone ? 'upstream' : 'either');
    if (event.type !== 'bytes') return withoutBytes(state, event);
    const end = event.side === 'client' ? passUp(state, event.bytes) : passDown(state, event.bytes);
    if (end !== null) return end;
  }
}

function withoutBytes(state: State, event: Ended): ExchangeEnd {
  if (event.type === 'over') return lostOrOver(state, event.by);
  if (event.type === 'deadline') return { kind: 'over', by: 'timeout' };
  return event.side === 'client' ? { kind: 'broken' } : lost(state);
}

// A reset upstream is not the end of a body, even of one that runs until close: what came may be a part.
function lostOrOver(state: State, by: EndedBy): ExchangeEnd {
  if (by !== 'upstream') return { kind: 'over', by };
  return { kind: state.response === null ? 'failed' : 'broken' };
}

// The upstream is done: that ends a body that runs until close, and breaks any other.
function lost(state: State): ExchangeEnd {
  if (state.response === null) return { kind: 'failed' };
  return state.keeps || state.upstreamKeeps
    ? { kind: 'broken' }
    : { kind: 'complete', keeps: false, upstreamKeeps: false };
}

function passUp(state: State, bytes: Uint8Array): ExchangeEnd | null {
  const piece = state.request.push(bytes);
  if (piece.kind === 'malformed') return { kind: 'malformed' };
  send(state.client, 'upstream', bytes.subarray(0, piece.usedBytes));
  if (piece.usedBytes < bytes.length)
    tell(state.client, { type: 'unread', side: 'client', bytes: bytes.subarray(piece.usedBytes) });
  return null;
}

function passDown(state: State, bytes: Uint8Array): ExchangeEnd | null {
  if (state.response !== null) return passBody(state, state.response, bytes);
  state.held = joinBytes(state.held, bytes);
  for (;;) {
    const result = parseResponseHead(state.held, defaultHeadLimits);
    if (result.kind === 'incomplete') return null;
    if (result.kind === 'fault') return { kind: 'failed' };
    const rest = state.held.subarray(result.head.byteLength);
    state.held = rest;
    if (result.head.status >= 200) return startBody(state, result.head, rest);
    if (result.head.status === 101) return upgrade(state, result.head, rest);
    // HTTP/1.0 knows no interim responses (RFC 9110 section 15.2).
    if (state.exchange.head.version === '1.1') {
      send(state.client, 'client', forwardResponse(result.head, { closes: false, isUpgrade: false }));
    }
  }
}

function upgrade(state: State, head: ResponseHead, rest: Uint8Array): ExchangeEnd {
  if (!isWebSocketUpgrade(state.exchange.head) || !state.request.isDone) return { kind: 'failed' };
  send(state.client, 'client', forwardResponse(head, { closes: false, isUpgrade: true }));
  if (rest.length > 0) tell(state.client, { type: 'unread', side: 'upstream', bytes: rest });
  return { kind: 'upgraded' };
}

function startBody(state: State, head: ResponseHead, rest: Uint8Array): ExchangeEnd | null {
  const framing = responseFraming(head, state.exchange.head.method);
  if (!framing.ok) return { kind: 'failed' };
  if (framing.value.kind === 'until_close') state.keeps = false;
  state.upstreamKeeps = framing.value.kind !== 'until_close';
  const response = createBodyScanner(framing.value);
  state.response = response;
  send(state.client, 'client', forwardResponse(head, { closes: !state.keeps, isUpgrade: false }));
  return passBody(state, response, rest);
}

function passBody(state: State, response: BodyScanner, bytes: Uint8Array): ExchangeEnd | null {
  const piece = response.push(bytes);
  if (piece.kind === 'malformed') return { kind: 'broken' };
  if (piece.usedBytes > 0) send(state.client, 'client', bytes.subarray(0, piece.usedBytes));
  if (!response.isDone) return null;
  // More than the response is an answer to nobody: this upstream cannot be trusted with another request.
  const isClean = piece.usedBytes === bytes.length && state.request.isDone;
  return {
    kind: 'complete',
    keeps: state.keeps && state.request.isDone,
    upstreamKeeps: state.upstreamKeeps && isClean,
  };
}
