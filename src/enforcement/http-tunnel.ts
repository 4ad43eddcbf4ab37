import { parseAuthority } from '../destination/index.ts';
import { bodyFraming, fieldMembers, fieldValue, type RequestHead } from '../wire/index.ts';
import type { ClientContext } from './client-context.ts';
import { ask, type Step, send, tell } from './conversation.ts';
import type { EndedBy } from './event.ts';
import { forwardRequest } from './forward-head.ts';
import { type Exchange, type ExchangeEnd, runExchange } from './http-exchange.ts';
import { fine, type InnerVerdict, judgeBreach, judgeInnerHost } from './judge-inner.ts';
import type { LiveFlow } from './live-flow.ts';
import { authorityText } from './parent-proxy.ts';
import { readHead } from './read-head.ts';
import { recordInner } from './record-inner.ts';
import { denied } from './records.ts';
import { refusalResponse } from './refusal.ts';
import { targetOf } from './request-head.ts';

/**
 * Carries plain HTTP inside a tunnel: every head is judged, its Host must be the destination, only websocket upgrades pass.
 * Requests go one at a time, so that each response belongs to the request that was judged. Gives who ended it.
 */
export function* runHttpTunnel(client: ClientContext, flow: LiveFlow): Step<EndedBy> {
  for (;;) {
    const got = yield* readHead(client, 'later');
    if (got.kind === 'over') return got.by;
    if (got.kind === 'end') return closeBy(client, 'client');
    if (got.kind === 'malformed') return refuse(client, flow, judgeBreachStrictly(flow));
    const ended = yield* serveInner(client, flow, got.head);
    if (ended !== null) return ended;
  }
}

function* serveInner(client: ClientContext, flow: LiveFlow, head: RequestHead): Step<EndedBy | null> {
  const found = judgeHead(client, flow, head);
  if (found.exchange === null || found.inner.kind === 'refused') return refuse(client, flow, found.inner);
  if (found.inner.kind === 'observed') recordInner(client, flow, found.inner);
  return yield* finishInner(client, flow, yield* runExchange(client, found.exchange));
}

function* finishInner(client: ClientContext, flow: LiveFlow, end: ExchangeEnd): Step<EndedBy | null> {
  switch (end.kind) {
    case 'over':
      return end.by;
    case 'complete':
      return end.keeps && end.upstreamKeeps ? null : closeBy(client, end.upstreamKeeps ? 'client' : 'upstream');
    case 'upgraded': {
      const event = yield* ask(client, { type: 'relay' }, 'over');
      return event.type === 'over' ? event.by : 'timeout';
    }
    case 'malformed':
      return refuse(client, flow, judgeBreachStrictly(flow));
    case 'failed':
    case 'broken':
      return closeBy(client, 'upstream');
    default:
      return end satisfies never;
  }
}

interface JudgedHead {
  readonly inner: InnerVerdict;
  readonly exchange: Exchange | null;
}

function judgeHead(client: ClientContext, flow: LiveFlow, head: RequestHead): JudgedHead {
  const bad: JudgedHead = { inner: judgeBreachStrictly(flow), exchange: null };
  const framing = bodyFraming(head);
  if (!framing.ok || head.method === 'CONNECT') return bad;
  const target = targetOf(head);
  if (target === null) return bad;
  const inner = judgeAuthorities(client, flow, [fieldValue(head, 'host'), target.authority]);
  if (inner === null) return bad;
  const outgoing = forwardRequest(head, {
    target: target.originTarget,
    // HTTP/1.0 may come without: then the origin is told the one that was judged.
    host: fieldValue(head, 'host') ?? target.authority ?? authorityText(flow.destination),
    via: null,
    closes: false,
  });
  if (!outgoing.ok) return bad;
  const keepsClient = head.version === '1.1' && !fieldMembers(head, 'connection').includes('close');
  return { inner, exchange: { head, framing: framing.value, outgoing: outgoing.value, keepsClient } };
}

// Every authority that the head names must be the destination. Null: one of them cannot be read.
function judgeAuthorities(
  client: ClientContext,
  flow: LiveFlow,
  authorities: readonly (string | null)[],
): InnerVerdict | null {
  let found: InnerVerdict = fine;
  for (const text of authorities) {
    if (text === null) continue;
    const authority = parseAuthority(text, flow.destination.port);
    if (!authority.ok) return null;
    flow.innerHost = text;
    const isSamePort = authority.value.port === flow.destination.port;
    const inner = isSamePort
      ? judgeInnerHost(client, flow, authority.value.host, 'host_mismatch')
      : judgeBreach(flow, 'host_mismatch');
    if (inner.kind === 'refused') return inner;
    if (inner.kind === 'observed') found = inner;
  }
  return found;
}

// Spelling holds under observe too: what two readers could read in two ways is never passed on.
function judgeBreachStrictly(flow: LiveFlow): InnerVerdict {
  return { kind: 'refused', verdict: denied(flow.verdict, 'http_malformed'), inner: null };
}

function refuse(client: ClientContext, flow: LiveFlow, inner: InnerVerdict): EndedBy {
  if (inner.kind === 'fine') return closeBy(client, 'client');
  const decisionId = recordInner(client, flow, { ...inner, kind: 'refused' });
  const { reason } = inner.verdict;
  const { requestBase } = client.ports.settings;
  const form = { accept: null, isHead: false, closes: true, requestBase };
  send(client, 'client', refusalResponse({ reason, decisionId, isChallenge: false }, form));
  tell(client, { type: 'close' });
  return reason;
}

function closeBy(client: ClientContext, side: 'client' | 'upstream'): EndedBy {
  tell(client, { type: 'close' });
  return side;
}
