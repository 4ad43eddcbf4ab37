import { bodyFraming, fieldValue, type RequestHead } from '../wire/index.ts';
import { createBodyScanner } from './body-scanner.ts';
import type { ClientContext } from './client-context.ts';
import { arm, readClient, type Step, send, tell } from './conversation.ts';
import { type Refusal, refusalResponse, refusalStatus } from './refusal.ts';
import { wantsToKeep } from './request-head.ts';

// A body that a refused client sent along is read away up to this size, so that it can ask again on the same connection.
const maxDrainedBytes = 65_536;

/**
 * Answers a request with a refusal. Keeps the connection after a denial or a challenge, so that the client can try again, and closes
 * it after a malformed request, past a limit, after too many challenges in a row, or when a large body is on its way. Says whether
 * the connection goes on. `head` is null when it could not be read.
 */
export function* refuseRequest(client: ClientContext, head: RequestHead | null, refusal: Refusal): Step<boolean> {
  client.challenges = refusal.isChallenge ? client.challenges + 1 : 0;
  const closes = head === null || closesAfter(client, refusal) || !wantsToKeep(head) || !isDrainable(head);
  const accept = head === null ? null : fieldValue(head, 'accept');
  const { requestBase } = client.ports.settings;
  send(client, 'client', refusalResponse(refusal, { accept, isHead: head?.method === 'HEAD', closes, requestBase }));
  if (!closes && head !== null && (yield* drainBody(client, head))) return true;
  tell(client, { type: 'close' });
  return false;
}

function closesAfter(client: ClientContext, refusal: Refusal): boolean {
  const status = refusalStatus(refusal);
  if (status === 400 || status === 503) return true;
  return refusal.isChallenge && client.challenges >= client.ports.settings.limits.maxChallenges;
}

// A client that waits for 100 Continue may send its body or not; nobody can tell where its next request starts.
function isDrainable(head: RequestHead): boolean {
  const framing = bodyFraming(head);
  if (!framing.ok) return false;
  if (framing.value.kind === 'none') return true;
  if (fieldValue(head, 'expect') !== null) return false;
  return framing.value.kind === 'length' && framing.value.bytes <= maxDrainedBytes;
}

function* drainBody(client: ClientContext, head: RequestHead): Step<boolean> {
  const framing = bodyFraming(head);
  if (!framing.ok) return false;
  const scanner = createBodyScanner(framing.value);
  if (scanner.isDone) return true;
  arm(client, client.ports.settings.limits.headTimeoutMs);
  const isWhole = yield* readAway(client, scanner);
  arm(client, null);
  return isWhole;
}

function* readAway(client: ClientContext, scanner: ReturnType<typeof createBodyScanner>): Step<boolean> {
  for (;;) {
    const event = yield* readClient(client);
    if (event.type !== 'bytes') return false;
    const piece = scanner.push(event.bytes);
    if (piece.kind === 'malformed') return false;
    if (!piece.isDone) continue;
    const rest = event.bytes.subarray(piece.usedBytes);
    if (rest.length > 0) tell(client, { type: 'unread', side: 'client', bytes: rest });
    return true;
  }
}
