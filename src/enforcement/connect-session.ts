import type { Fault } from '../base/index.ts';
import { ok, type Result } from '../base/index.ts';
import { type Destination, parseAuthority } from '../destination/index.ts';
import { bodyFraming, latin1Bytes, type RequestHead } from '../wire/index.ts';
import type { ClientContext } from './client-context.ts';
import { type Step, send } from './conversation.ts';
import { openFlow, refuseUnjudged } from './flow.ts';
import { identifyClient, type RequestProof } from './identify-client.ts';
import type { LiveFlow } from './live-flow.ts';
import { refuseRequest } from './refuse-request.ts';

const established = latin1Bytes('HTTP/1.1 200 Connection established\r\n\r\n');

/**
 * Serves `CONNECT bank-gateway.example.com:443` (RFC 9110 section 9.3.6): identify, judge, dial, then a tunnel to its end. Says whether
 * the connection takes another request, or gives the flow of the tunnel that it is from now on.
 */
export function* serveConnect(client: ClientContext, head: RequestHead, proof: RequestProof): Step<boolean | LiveFlow> {
  const framing = bodyFraming(head);
  // A CONNECT has no content; one that claims some would let the tunnel's bytes be read in two ways.
  if (
    !framing.ok ||
    (framing.value.kind !== 'none' && !(framing.value.kind === 'length' && framing.value.bytes === 0))
  ) {
    const { refusal } = refuseUnjudged(client, 'request_malformed', { detail: 'a CONNECT has no content' });
    return yield* refuseRequest(client, null, refusal);
  }
  const identity = yield* identifyClient(client, proof);
  if (identity.kind === 'over') return false;
  const destination = tunnelDestination(head.target);
  const outcome = yield* openFlow(client, { identity, destination, innerHost: 'unseen', opening: null });
  if (outcome.kind === 'over') return false;
  if (outcome.kind === 'refused') return yield* refuseRequest(client, head, outcome.refusal);
  send(client, 'client', established);
  return outcome.flow;
}

function tunnelDestination(authority: string): Result<Destination, Fault> {
  const parsed = parseAuthority(authority, null);
  return parsed.ok ? ok({ ...parsed.value, protocol: null }) : parsed;
}
