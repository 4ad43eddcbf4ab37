import { type Fault, ok, type Result } from '../base/index.ts';
import { type Authority, type Destination, parseAuthority } from '../destination/index.ts';
import { type AbsoluteForm, bodyFraming, fieldValue, parseAbsoluteForm, type RequestHead } from '../wire/index.ts';
import type { ClientContext } from './client-context.ts';
import { ask, type Step, tell } from './conversation.ts';
import { endFlow, openFlow, refuseUnjudged } from './flow.ts';
import { forwardRequest } from './forward-head.ts';
import { type Exchange, type ExchangeEnd, runExchange } from './http-exchange.ts';
import { identifyClient, type RequestProof } from './identify-client.ts';
import { type InnerVerdict, judgeInnerHost } from './judge-inner.ts';
import type { LiveFlow } from './live-flow.ts';
import { authorityText } from './parent-proxy.ts';
import { recordInner } from './record-inner.ts';
import { denied } from './records.ts';
import { refuseRequest } from './refuse-request.ts';
import { wantsToKeep } from './request-head.ts';

/**
 * Serves one plain request: `workload -> GET http://origin.example/ -> origin`. It has an upstream of its own, closed afterwards, so
 * none is ever shared between requests or clients. Says whether the client's connection goes on.
 */
export function* serveForward(client: ClientContext, head: RequestHead, proof: RequestProof): Step<boolean> {
  const absolute = parseAbsoluteForm(head.target, head.method);
  if (!absolute.ok) return yield* refuseMalformed(client, absolute.fault.message);
  const destination = plainDestination(absolute.value);
  const prepared = destination.ok
    ? prepare(client, head, { absolute: absolute.value, destination: destination.value })
    : null;
  if (prepared?.ok === false) return yield* refuseMalformed(client, prepared.fault.message);
  const identity = yield* identifyClient(client, proof);
  if (identity.kind === 'over') return false;
  const innerHost = fieldValue(head, 'host') ?? absolute.value.authority;
  const outcome = yield* openFlow(client, { identity, destination, innerHost, opening: null });
  if (outcome.kind === 'refused') return yield* refuseRequest(client, head, outcome.refusal);
  if (outcome.kind === 'over' || prepared === null) return false;
  client.challenges = 0;
  return yield* exchangeWithin(client, outcome.flow, prepared.value.exchange, prepared.value.host);
}

function plainDestination(absolute: AbsoluteForm): Result<Destination, Fault> {
  const authority = parseAuthority(absolute.authority, 80);
  return authority.ok ? ok({ ...authority.value, protocol: 'http' }) : authority;
}

interface Prepared {
  readonly exchange: Exchange;
  readonly host: Authority;
}

// Everything that can be wrong with the head is found before anybody is dialled.
function prepare(
  client: ClientContext,
  head: RequestHead,
  { absolute, destination }: { readonly absolute: AbsoluteForm; readonly destination: Destination },
): Result<Prepared, Fault> {
  const framing = bodyFraming(head);
  if (!framing.ok) return framing;
  const hostText = fieldValue(head, 'host') ?? absolute.authority;
  const host = parseAuthority(hostText, 80);
  if (!host.ok) return host;
  const outgoing = forwardRequest(head, {
    target: absolute.originTarget,
    // RFC 9112 section 3.2.2: a proxy says Host anew, from the target. Under observe a differing Host goes on as it was.
    host: head.fields.some(([name]) => name === 'host') ? hostText : authorityText(destination),
    via: `1.1 ${client.ports.settings.viaName}`,
    closes: true,
  });
  if (!outgoing.ok) return outgoing;
  const exchange = { head, framing: framing.value, outgoing: outgoing.value, keepsClient: wantsToKeep(head) };
  return ok({ exchange, host: host.value });
}

function* exchangeWithin(client: ClientContext, flow: LiveFlow, exchange: Exchange, host: Authority): Step<boolean> {
  flow.carried = 'http';
  const inner = judgeHost(client, flow, host);
  if (inner.kind !== 'fine') {
    const decisionId = recordInner(client, flow, inner);
    if (inner.kind === 'refused') {
      const { reason } = inner.verdict;
      tell(client, { type: 'drop_upstream' });
      endFlow(client, flow, reason);
      // Who names two servers in one request is not asked for the next one.
      return yield* refuseRequest(client, null, { reason, decisionId, isChallenge: false });
    }
  }
  const end = yield* runExchange(client, exchange);
  return yield* finishExchange(client, flow, exchange, end);
}

function judgeHost(client: ClientContext, flow: LiveFlow, host: Authority): InnerVerdict {
  if (host.port !== flow.destination.port) {
    return { kind: 'refused', verdict: denied(flow.verdict, 'host_mismatch'), inner: null };
  }
  return judgeInnerHost(client, flow, host.host, 'host_mismatch');
}

function* finishExchange(client: ClientContext, flow: LiveFlow, exchange: Exchange, end: ExchangeEnd): Step<boolean> {
  switch (end.kind) {
    case 'over':
      endFlow(client, flow, end.by);
      return false;
    case 'complete':
      tell(client, { type: 'drop_upstream' });
      endFlow(client, flow, 'upstream');
      if (!end.keeps) tell(client, { type: 'close' });
      return end.keeps;
    case 'upgraded': {
      const event = yield* ask(client, { type: 'relay' }, 'over');
      endFlow(client, flow, event.type === 'over' ? event.by : 'timeout');
      return false;
    }
    case 'failed':
      return yield* failExchange(client, flow, exchange);
    case 'malformed':
    case 'broken':
      tell(client, { type: 'reset' });
      endFlow(client, flow, end.kind === 'malformed' ? 'http_malformed' : 'upstream');
      return false;
    default:
      return end satisfies never;
  }
}

function* failExchange(client: ClientContext, flow: LiveFlow, exchange: Exchange): Step<boolean> {
  tell(client, { type: 'drop_upstream' });
  endFlow(client, flow, 'upstream');
  client.ports.observer.unreachable('upstream_unreachable', flow.principal.service, 'no well-formed response head');
  const refusal = { reason: 'upstream_unreachable' as const, decisionId: flow.decisionId, isChallenge: false };
  return yield* refuseRequest(client, exchange.framing.kind === 'none' ? exchange.head : null, refusal);
}

function* refuseMalformed(client: ClientContext, detail: string): Step<boolean> {
  const { refusal } = refuseUnjudged(client, 'request_malformed', { detail });
  return yield* refuseRequest(client, null, refusal);
}
