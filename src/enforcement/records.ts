import { type Destination, hostText } from '../destination/index.ts';
import type { Principal } from '../identity/index.ts';
import type {
  CloseRecord,
  FlowShare,
  PointKind,
  ProgressRecord,
  Reason,
  RecordedDestination,
  Stage,
  Verdict,
  VerdictRecord,
} from '../policy/index.ts';
import type { EndedBy } from './event.ts';
import type { LiveFlow } from './live-flow.ts';
import type { Approval } from './session-ports.ts';

/** What a verdict record is made of; what was never known is null. */
export interface VerdictFacts {
  readonly id: string;
  readonly flow: string;
  readonly point: PointKind;
  readonly nowMs: number;
  readonly stage: Stage;
  readonly source: string;
  readonly principal: Principal | null;
  readonly destination: Destination | null;
  readonly address: string | null;
  readonly aimedAt: string | null;
  readonly innerHost: string;
  readonly isDelegated: boolean;
  readonly detail: string | null;
}

/** Makes the record of a verdict that `decide` gave, or of one that overrides it (`reason`). */
export function verdictRecord(facts: VerdictFacts, verdict: Verdict): VerdictRecord {
  return {
    ...commonPart(facts),
    verdict: verdict.verdict,
    reason: verdict.reason,
    wouldDeny: verdict.wouldDeny,
    wouldDenyReason: verdict.wouldDenyReason,
    destination: recordedDestination(facts, verdict),
    ruleIds: verdict.ruleIds,
    grantId: verdict.grantId,
    policyVersion: verdict.policyVersion,
    mode: verdict.mode,
    ...optionalPart(facts),
  };
}

/** Makes the record of a deny that no verdict stands behind: the request never came to `decide`, or deciding failed. */
export function denyRecord(facts: VerdictFacts, reason: Reason, policyVersion: string | null): VerdictRecord {
  return {
    ...commonPart(facts),
    verdict: 'deny',
    reason,
    wouldDeny: false,
    wouldDenyReason: null,
    destination: recordedDestination(facts, null),
    ruleIds: [],
    grantId: null,
    policyVersion,
    ...optionalPart(facts),
  };
}

/** A verdict turned into a deny for a reason that was found later in the walk. */
export function denied(verdict: Verdict, reason: Reason): Verdict {
  return { ...copyOf(verdict), verdict: 'deny', reason, wouldDeny: false, wouldDenyReason: null };
}

/** A verdict of an observed service that enforce would have refused for this reason. */
export function wouldBeDenied(verdict: Verdict, reason: Reason): Verdict {
  return { ...copyOf(verdict), verdict: 'allow', reason: 'observed', wouldDeny: true, wouldDenyReason: reason };
}

/** The same allow for a reason that was found later in the walk. */
export function allowedBy(verdict: Verdict, reason: Reason): Verdict {
  return verdict.reason === reason ? verdict : { ...copyOf(verdict), reason };
}

/** A verdict narrowed to what justifies the address that was dialled, the `index`th that was approved; itself where that is all the same. */
export function admittedAt(
  verdict: Verdict,
  approval: Pick<Approval, 'admissions' | 'grantIds'>,
  index: number,
): Verdict {
  const { admission = verdict.admission, grantId = verdict.grantId } = {
    admission: approval.admissions[index],
    grantId: approval.grantIds[index],
  };
  if (admission === verdict.admission && grantId === verdict.grantId) return verdict;
  return { ...copyOf(verdict), admission, grantId };
}

/** What a live flow contributes to a later verdict record. */
export function factsOfFlow(flow: LiveFlow, id: string, nowMs: number, stage: Stage): VerdictFacts {
  return {
    id,
    flow: flow.id,
    point: flow.point,
    nowMs,
    stage,
    source: flow.source,
    principal: flow.principal,
    destination: flow.inner ?? flow.destination,
    address: flow.address?.address.text ?? null,
    aimedAt: flow.aimedAt,
    innerHost: flow.innerHost,
    isDelegated: flow.isDelegated,
    detail: null,
  };
}

/** Bytes and time of a flow. */
export interface FlowTotals {
  readonly id: string;
  readonly nowMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** Makes the progress record of a long tunnel. */
export function progressRecord(flow: LiveFlow, totals: FlowTotals): ProgressRecord {
  return { kind: 'progress', ...totalsPart(flow, totals) };
}

/** Makes the close record of a flow; `failure` when it never reached its destination. */
export function closeRecord(
  flow: LiveFlow,
  totals: FlowTotals,
  endedBy: EndedBy,
  failure: CloseRecord['failure'],
): CloseRecord {
  return { kind: 'close', ...totalsPart(flow, totals), endedBy, failure };
}

/**
 * Text that is safe in a line of a log: control characters, line and paragraph separators and bidirectional marks become `\u{…}`.
 * At most 200 characters are kept, so that a record stays small.
 */
export function safeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\\]/g;
  return text.slice(0, 200).replace(unsafe, (found) => `\\u{${found.charCodeAt(0).toString(16)}}`);
}

// Several records a millisecond, and writing a date costs more than a decision.
let lastTime = { ms: Number.NaN, text: '' };

function timeText(ms: number): string {
  if (lastTime.ms !== ms) lastTime = { ms, text: new Date(ms).toISOString() };
  return lastTime.text;
}

// Field by field: rule ids and policy version of a verdict are spelled out when asked for, and a spread would leave them out.
function copyOf(verdict: Verdict): Verdict {
  return {
    verdict: verdict.verdict,
    reason: verdict.reason,
    wouldDeny: verdict.wouldDeny,
    wouldDenyReason: verdict.wouldDenyReason,
    ruleIds: verdict.ruleIds,
    grantId: verdict.grantId,
    policyVersion: verdict.policyVersion,
    class: verdict.class,
    mode: verdict.mode,
    admission: verdict.admission,
  };
}

function commonPart(
  facts: VerdictFacts,
): Pick<VerdictRecord, 'kind' | 'id' | 'flow' | 'time' | 'point' | 'stage' | 'source' | 'principal' | 'innerHost'> {
  const { principal } = facts;
  return {
    kind: 'verdict',
    id: facts.id,
    flow: facts.flow,
    time: timeText(facts.nowMs),
    point: facts.point,
    stage: facts.stage,
    source: facts.source,
    principal:
      principal === null
        ? null
        : { service: principal.service, identity: safeText(principal.identity), strength: principal.strength },
    innerHost: safeText(facts.innerHost),
  };
}

function optionalPart(facts: VerdictFacts): Pick<VerdictRecord, 'addressCheck' | 'aimedAt' | 'detail'> {
  return {
    ...(facts.isDelegated ? { addressCheck: 'delegated' as const } : {}),
    ...(facts.aimedAt === null ? {} : { aimedAt: facts.aimedAt }),
    ...(facts.detail === null ? {} : { detail: safeText(facts.detail) }),
  };
}

function recordedDestination(facts: VerdictFacts, verdict: Verdict | null): VerdictRecord['destination'] {
  const { destination, address } = facts;
  return destination === null ? null : writeDestination(destination, address, verdict);
}

function writeDestination(
  { host, port, protocol }: Destination,
  address: string | null,
  verdict: Verdict | null,
): RecordedDestination {
  return { host: hostText(host), port, protocol, address, class: verdict?.class ?? 'ordinary' };
}

function totalsPart(flow: LiveFlow, totals: FlowTotals): Omit<ProgressRecord, 'kind'> {
  return {
    id: totals.id,
    flow: flow.id,
    time: timeText(totals.nowMs),
    bytesUp: totals.bytesUp,
    bytesDown: totals.bytesDown,
    durationMs: Math.max(0, totals.nowMs - flow.startedAt),
    share: sharePart(flow, totals),
    ...(flow.verdict.grantId === null ? {} : { grantId: flow.verdict.grantId }),
  };
}

function sharePart(flow: LiveFlow, { nowMs, bytesUp, bytesDown }: FlowTotals): FlowShare {
  return {
    source: flow.source,
    service: flow.principal.service,
    destination: writeDestination(flow.destination, flow.address?.address.text ?? null, flow.verdict),
    bytesUp: Math.max(0, bytesUp - flow.toldUp),
    bytesDown: Math.max(0, bytesDown - flow.toldDown),
    durationMs: Math.max(0, nowMs - flow.progressAt),
  };
}
