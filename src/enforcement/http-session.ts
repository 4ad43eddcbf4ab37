import { fieldMembers, type RequestHead } from '../wire/index.ts';
import type { ClientContext } from './client-context.ts';
import { serveConnect } from './connect-session.ts';
import { type Step, tell } from './conversation.ts';
import { refuseUnjudged } from './flow.ts';
import { serveForward } from './forward-session.ts';
import type { LiveFlow } from './live-flow.ts';
import { servePac } from './pac-session.ts';
import { type HeadRead, readHead } from './read-head.ts';
import { refuseRequest } from './refuse-request.ts';
import { cameThrough, presentedProof } from './request-head.ts';

/**
 * Serves a client that speaks HTTP/1 to the proxy: `workload -> CONNECT`, `workload -> GET http://…`, `browser -> GET /proxy.pac`.
 * Gives the flow of a tunnel that it came to, or null. INVARIANT: every request on the connection is identified and judged anew.
 */
export function* httpSession(client: ClientContext): Step<LiveFlow | null> {
  for (let isFirst = true; ; isFirst = false) {
    const got = yield* readHead(client, isFirst ? 'first' : 'later');
    if (got.kind === 'end') tell(client, { type: 'close' });
    if (got.kind === 'over' || got.kind === 'end') return null;
    const served = yield* answer(client, got);
    if (served === false) return null;
    if (served !== true) return served;
  }
}

function answer(
  client: ClientContext,
  got: Extract<HeadRead, { kind: 'head' | 'malformed' }>,
): Step<boolean | LiveFlow> {
  return got.kind === 'head' ? serveRequest(client, got.head) : refuseMalformed(client, got.detail);
}

function* serveRequest(client: ClientContext, head: RequestHead): Step<boolean | LiveFlow> {
  if (client.facts.isPastLimit) {
    return yield* refuseRequest(client, head, refuseUnjudged(client, 'connection_limit').refusal);
  }
  if (cameThrough(head, client.ports.settings.viaName)) {
    return yield* refuseRequest(client, head, refuseUnjudged(client, 'proxy_loop').refusal);
  }
  client.via = fieldMembers(head, 'via');
  if (head.method === 'CONNECT') return yield* serveConnect(client, head, presentedProof(head));
  if (head.target.startsWith('/')) return yield* servePac(client, head);
  return yield* serveForward(client, head, presentedProof(head));
}

function* refuseMalformed(client: ClientContext, detail: string): Step<boolean> {
  const { refusal } = refuseUnjudged(client, 'request_malformed', { detail });
  return yield* refuseRequest(client, null, refusal);
}
