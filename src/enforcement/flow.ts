import type { Fault, Result } from '../base/index.ts';
import type { Destination, IpAddress } from '../destination/index.ts';
import type { ApprovedAddress, CloseRecord, DecisionRequest, Reason, Verdict, VerdictRecord } from '../policy/index.ts';
import { type ClientContext, type Over, takePlace } from './client-context.ts';
import { arm, ask, type Step, tell } from './conversation.ts';
import type { EndedBy } from './event.ts';
import { grantOverOfFlow, meterFlow } from './grants-of-flow.ts';
import type { ClientIdentity } from './identify-client.ts';
import type { LiveFlow } from './live-flow.ts';
import { judgeOpening, type Opening } from './opening.ts';
import { dialParent } from './parent-proxy.ts';
import { recheckFlow } from './recheck.ts';
import {
  admittedAt,
  allowedBy,
  closeRecord,
  denied,
  denyRecord,
  factsOfFlow,
  type VerdictFacts,
  verdictRecord,
} from './records.ts';
import type { Refusal } from './refusal.ts';
import { type Approval, decisionRequest } from './session-ports.ts';

/** What a request comes to: an upstream that is connected, a refusal to tell, or an end. */
export type FlowOutcome =
  | { readonly kind: 'connected'; readonly flow: LiveFlow }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | Over;

/** A request as its form understood it. */
export interface FlowRequest {
  readonly identity: Exclude<ClientIdentity, Over>;
  readonly destination: Result<Destination, Fault>;
  /** The Host of a plain request, `unseen` for a tunnel. */
  readonly innerHost: string;
  /** What the first bytes said where they name the destination; null where a request names it and they come later. */
  readonly opening: Opening | null;
}

interface Judged {
  readonly opening: Opening | null;
  readonly identity: Extract<ClientIdentity, { kind: 'identified' }>;
  readonly request: DecisionRequest;
  readonly verdict: Verdict;
  readonly flow: LiveFlow;
}

/**
 * Walks from who and where to a connected upstream: decide by name, resolve, approve, dial (DESIGN 4, steps 3 to 8).
 * INVARIANT: nothing is resolved before the name is allowed, and only approved addresses are dialled.
 */
export function* openFlow(client: ClientContext, asked: FlowRequest): Step<FlowOutcome> {
  const judged = judgeRequest(client, asked);
  return 'kind' in judged ? judged : yield* connect(client, judged);
}

/** Ends a live flow: writes its close record. */
export function endFlow(client: ClientContext, flow: LiveFlow, endedBy: EndedBy): void {
  client.facts.flow = null;
  recordClose(client, flow, endedBy, null);
}

/** Records a deny that was found before or without `decide`, and tells the refusal. */
export function refuseUnjudged(
  client: ClientContext,
  reason: Reason,
  known: Partial<Pick<VerdictFacts, 'destination' | 'principal' | 'innerHost' | 'detail'>> = {},
): { readonly kind: 'refused'; readonly refusal: Refusal } {
  const { ports, facts } = client;
  const nowMs = ports.clock.now();
  const id = ports.newId(nowMs);
  const record = denyRecord(
    {
      id,
      flow: ports.newId(nowMs),
      point: ports.settings.point,
      nowMs,
      stage: 'name',
      source: facts.source,
      principal: null,
      destination: null,
      address: null,
      aimedAt: null,
      innerHost: 'unseen',
      isDelegated: false,
      detail: null,
      ...known,
    },
    reason,
    ports.policy.current()?.version ?? null,
  );
  const decisionId = recordDenial(client, record);
  ports.observer.refused(reason, known.principal?.service ?? null);
  return { kind: 'refused', refusal: { reason, decisionId, isChallenge: false } };
}

/** Answers with a challenge: counted, not recorded. */
export function challenge(
  client: ClientContext,
  reason: Reason,
): { readonly kind: 'refused'; readonly refusal: Refusal } {
  client.ports.observer.challenged();
  return { kind: 'refused', refusal: { reason, decisionId: null, isChallenge: true } };
}

function judgeRequest(client: ClientContext, asked: FlowRequest): Judged | FlowOutcome {
  const { identity, destination } = asked;
  const seen = { innerHost: asked.innerHost, destination: destination.ok ? destination.value : null };
  if (identity.kind === 'refused') {
    if (identity.isChallenge) return challenge(client, identity.reason);
    return refuseUnjudged(client, identity.reason, seen);
  }
  const { principal } = identity;
  // Counted from here to the end of the connection: idle ones too, or one workload could hold every place of the listener.
  if (!takePlace(client, principal.service)) {
    return refuseUnjudged(client, 'connection_limit', { ...seen, principal });
  }
  if (!destination.ok) {
    const detail = destination.fault.message;
    return refuseUnjudged(client, 'authority_malformed', { ...seen, principal, detail });
  }
  const request = decisionRequest(client.ports, principal, destination.value);
  const verdict = safely(client, 'decide', () => client.ports.judge.decide(identity.policy, request));
  if (verdict === null) return refuseUnjudged(client, 'decision_failed', { ...seen, principal });
  const judged = {
    opening: asked.opening,
    identity,
    request,
    verdict,
    flow: newFlow(client, asked, identity, { request, verdict }),
  };
  client.ports.observer.verdict(verdict, principal.service, principal.strength);
  const breach = asked.opening === null ? null : judgeOpening(verdict, asked.opening);
  if (breach !== null) {
    return refuseJudged(client, judged, { reason: breach, stage: 'sni', detail: asked.opening?.detail ?? null });
  }
  return verdict.verdict === 'allow' ? judged : refuseByVerdict(client, judged);
}

function refuseByVerdict(client: ClientContext, judged: Judged): FlowOutcome {
  const { verdict, identity } = judged;
  const mayProve = client.ports.settings.point === 'proxy' && identity.evidence.presented.length === 0;
  if (verdict.reason === 'strength_insufficient' && mayProve) {
    return challenge(client, 'strength_insufficient');
  }
  return refuseJudged(client, judged, { reason: verdict.reason, stage: 'name' });
}

function* connect(client: ClientContext, judged: Judged): Step<FlowOutcome> {
  if (isBlockedByRecords(client, judged.verdict)) {
    return refuseJudged(client, judged, { reason: 'records_blocked', stage: 'name' });
  }
  const { host } = judged.request.destination;
  if (host.kind === 'name' && client.ports.settings.parent !== null) return yield* dial(client, judged, null);
  const addresses = host.kind === 'name' ? yield* resolve(client, host.name) : [host.address];
  if (!Array.isArray(addresses)) return failFlow(client, judged, addresses as Failed);
  judged.flow.aimedAt = aimedElsewhere(client, judged, addresses);
  const approval = approve(client, judged, addresses);
  if (approval === null) return refuseJudged(client, judged, { reason: 'decision_failed', stage: 'address' });
  if (approval.approved.length > 0) return yield* dial(client, judged, approval);
  return refuseJudged(client, judged, {
    reason: approval.reason ?? 'address_forbidden',
    stage: 'address',
    detail: approval.refused.map((each) => `${each.address.text}: ${each.why}`).join('; '),
  });
}

// A client that aimed at an address which the name does not have made the name up, or the address. Answers rotate, so one that holds
// counts beside the one that came now.
function aimedElsewhere(
  { ports }: ClientContext,
  { opening, request: { destination } }: Judged,
  addresses: readonly IpAddress[],
): string | null {
  if (opening === null || addresses.some(({ text }) => text === opening.aimed.text)) return null;
  const { host } = destination;
  return host.kind === 'name' && ports.resolver.holds(host.name, opening.aimed) ? null : opening.aimed.text;
}

interface Failed {
  readonly failure: CloseRecord['failure'];
  readonly by: EndedBy;
  readonly cause: string;
}

function* resolve(client: ClientContext, name: string): Step<readonly IpAddress[] | Failed> {
  arm(client, client.ports.settings.limits.askTimeoutMs);
  const event = yield* ask(client, { type: 'resolve', name }, 'resolved');
  arm(client, null);
  if (event.type === 'over') return { failure: null, by: event.by, cause: '' };
  if (event.type === 'deadline') return { failure: 'resolver_failed', by: 'timeout', cause: 'no answer in time' };
  if (event.result.ok) return event.result.value.addresses;
  return { failure: 'resolver_failed', by: 'upstream', cause: event.result.fault.message };
}

function approve(client: ClientContext, judged: Judged, addresses: readonly IpAddress[]): Approval | null {
  const network = client.ports.policy.network();
  const { identity, request, verdict } = judged;
  return safely(client, 'approve', () =>
    client.ports.judge.approve(identity.policy, request, verdict, { addresses, network }),
  );
}

// Null: through the parent proxy, which resolves the name itself.
function* dial(client: ClientContext, judged: Judged, approval: Approval | null): Step<FlowOutcome> {
  arm(client, client.ports.settings.limits.dialTimeoutMs);
  const viaParent = client.ports.settings.parent !== null;
  const result = viaParent
    ? yield* dialParent(client, judged.request.destination)
    : yield* dialApproved(client, approval?.approved ?? []);
  arm(client, null);
  if ('cause' in result) return failFlow(client, judged, result);
  const { flow } = judged;
  flow.address = viaParent ? (approval?.approved[0] ?? null) : result.address;
  if (approval !== null && flow.address !== null) {
    flow.verdict = admittedAt(flow.verdict, approval, approval.approved.indexOf(flow.address));
  }
  const reason = approval?.reason === 'local_origin' ? 'local_origin' : judged.verdict.reason;
  recordAllow(client, { ...judged, verdict: allowedBy(flow.verdict, reason) });
  return establish(client, flow);
}

function* dialApproved(
  client: ClientContext,
  addresses: readonly ApprovedAddress[],
): Step<{ readonly address: ApprovedAddress | null } | Failed> {
  const command = { type: 'dial', addresses } as const;
  const event = client.facts.ask(command) ?? (yield command);
  if (event.type === 'dialled') return { address: event.address };
  if (event.type === 'over') return { failure: null, by: event.by, cause: '' };
  const cause = event.type === 'dial_failed' ? event.why : 'no answer in time';
  return { failure: 'upstream_unreachable', by: 'upstream', cause };
}

// The policy, the trust material or the grants may have changed while we resolved and dialled.
function establish(client: ClientContext, flow: LiveFlow): FlowOutcome {
  const { policy, verifier } = client.ports;
  const isOld = policy.current() !== flow.judgedBy || verifier.generation !== flow.trustGeneration;
  if (isOld || grantOverOfFlow(client.ports, flow) !== null) {
    const found = recheckFlow(client.ports, flow);
    if (found !== null) {
      tell(client, { type: 'record', record: found.record });
      tell(client, { type: 'drop_upstream' });
      recordClose(client, flow, found.reason, null);
      return { kind: 'refused', refusal: { reason: found.reason, decisionId: found.record.id, isChallenge: false } };
    }
  }
  meterFlow(client.ports, flow);
  client.facts.flow = flow;
  return { kind: 'connected', flow };
}

function failFlow(client: ClientContext, judged: Judged, failed: Failed): FlowOutcome {
  recordAllow(client, judged);
  recordClose(client, judged.flow, failed.by, failed.failure);
  if (failed.failure === null) return { kind: 'over', by: failed.by };
  client.ports.observer.unreachable(failed.failure, judged.identity.principal.service, failed.cause);
  const decisionId = judged.flow.decisionId;
  return { kind: 'refused', refusal: { reason: failed.failure, decisionId, isChallenge: false } };
}

function refuseJudged(
  client: ClientContext,
  judged: Judged,
  found: { readonly reason: Reason; readonly stage: 'name' | 'address' | 'sni'; readonly detail?: string | null },
): FlowOutcome {
  const { flow, verdict } = judged;
  const facts = {
    ...factsOfFlow(flow, flow.decisionId, client.ports.clock.now(), found.stage),
    detail: found.detail ?? null,
  };
  const isOwn = verdict.verdict === 'deny' && verdict.reason === found.reason;
  const record = verdictRecord(facts, isOwn ? verdict : denied(verdict, found.reason));
  const decisionId = recordDenial(client, record);
  client.ports.observer.refused(found.reason, flow.principal.service);
  return { kind: 'refused', refusal: { reason: found.reason, decisionId, isChallenge: false } };
}

// Gives the id of the record that tells of it: its own, or that of the denial which it repeats.
function recordDenial(client: ClientContext, denial: VerdictRecord): string {
  const { ports, facts } = client;
  const { record, id } = ports.denials.note(denial, facts.sourceAddress, ports.clock.now());
  if (record !== null) tell(client, { type: 'record', record });
  return id;
}

function recordAllow(client: ClientContext, judged: Judged): void {
  const { flow } = judged;
  const facts = factsOfFlow(flow, flow.decisionId, client.ports.clock.now(), 'name');
  tell(client, { type: 'record', record: verdictRecord(facts, judged.verdict) });
}

function recordClose(client: ClientContext, flow: LiveFlow, endedBy: EndedBy, failure: CloseRecord['failure']): void {
  const nowMs = client.ports.clock.now();
  const { bytesUp, bytesDown } = client.facts;
  const totals = { id: client.ports.newId(nowMs), nowMs, bytesUp, bytesDown };
  tell(client, { type: 'record', record: closeRecord(flow, totals, endedBy, failure) });
  client.ports.observer.closed(bytesUp, bytesDown);
}

function newFlow(
  client: ClientContext,
  asked: FlowRequest,
  identity: Judged['identity'],
  { request, verdict }: Pick<Judged, 'request' | 'verdict'>,
): LiveFlow {
  const { ports, facts } = client;
  return {
    id: ports.newId(request.now),
    point: ports.settings.point,
    source: facts.source,
    evidence: identity.evidence,
    principal: identity.principal,
    destination: request.destination,
    verdict,
    decisionId: ports.newId(request.now),
    startedAt: request.now,
    address: null,
    aimedAt: null,
    isDelegated: ports.settings.parent !== null && request.destination.host.kind === 'name',
    carried: 'unread',
    usesEch: false,
    inner: null,
    innerGrantId: null,
    meter: null,
    innerHost: asked.innerHost,
    judgedBy: identity.policy,
    trustGeneration: identity.trustGeneration,
    progressAt: request.now,
    toldUp: 0,
    toldDown: 0,
  };
}

function isBlockedByRecords({ ports }: ClientContext, verdict: Verdict): boolean {
  if (ports.records.isKeeping || ports.settings.onFull === 'count') return false;
  return ports.settings.onFull === 'block' || verdict.grantId !== null;
}

function safely<T>(client: ClientContext, where: string, question: () => T): T | null {
  try {
    return question();
  } catch (error) {
    client.ports.observer.failed(where, error);
    return null;
  }
}
