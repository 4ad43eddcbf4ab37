import { classifyAddress, embeddedIpv4, type IpAddress } from '../destination/index.ts';
import type { ApprovedAddress } from './approved-address.ts';
import { boundaryBlocks } from './boundary-blocks.ts';
import type { CompiledPolicy, NetworkFacts } from './compiled-policy.ts';
import { decide } from './decide.ts';
import { attributeWord, matchWord, none, segmentWord, serviceWord } from './format/layout.ts';
import type { OpenedGrant } from './grant-index.ts';
import type { MatchPairs } from './match-collector.ts';
import type { OpenedPolicy } from './open-policy.ts';
import { admissionOf, admissionOfGrant, PolicyVerdict } from './policy-verdict.ts';
import type { Reason } from './reasons.ts';
import { narrowestSegments, segmentHolds } from './segment-rows.ts';
import type { Admission, DecisionRequest, Verdict } from './verdict.ts';

/** Why one address may not be dialled. `why` is for the log and `explain`, never for the refused side. */
export interface RefusedAddress {
  readonly address: IpAddress;
  readonly reason: Reason;
  readonly why: string;
}

/**
 * What of an answer may be dialled. `reason` is `rule_matched`, `grant_matched` or `observed` (that of the verdict) or `local_origin`
 * when something was approved; else why nothing was: `environment_crossing` where that refused every address, `address_forbidden` otherwise, or the
 * verdict's own reason when it was a deny. `isMixed`: the answer mixed addresses that may be dialled with ones that may not,
 * which is how rebinding looks: worth an alarm. `admissions` says for each approved address what a connection to it may carry: what
 * the rules that justify this very address admit, which can be less than what all matched rules admit together. `grantIds` says for
 * each which grant justifies it, null where a rule does.
 */
export interface AddressApproval {
  readonly approved: readonly ApprovedAddress[];
  readonly admissions: readonly Admission[];
  readonly grantIds: readonly (string | null)[];
  readonly refused: readonly RefusedAddress[];
  readonly reason: Reason;
  readonly isMixed: boolean;
}

/** The addresses to approve and what approving must know of this machine. */
export interface AddressQuestion {
  readonly addresses: readonly IpAddress[];
  readonly network: NetworkFacts;
}

/** More addresses than this in one answer are ignored: nobody dials them all, and the work stays bounded. */
const mostAddresses = 256;

/**
 * Approves the addresses that a name resolved to, or the address that was asked for. INVARIANT: this is the only maker of
 * `ApprovedAddress`, and only approved addresses are dialled. By default public addresses only; others by the segments that the
 * rules which matched name with `via`, and a rule with `via` must resolve into one of them; a grant is held to the same, and crosses
 * no environments. Forbidden ranges, our own addresses and
 * the prefixes of the boundary are refused whatever a rule says; a loopback address only where `localOrigins` lists it with
 * this port and a rule allowed the name. Never throws.
 */
export function approveAddresses(
  policy: CompiledPolicy,
  request: DecisionRequest,
  verdict: Verdict,
  question: AddressQuestion,
): AddressApproval {
  try {
    const judged = verdictOf(policy, request, verdict);
    if (judged.verdict === 'deny') return refuseAll(question.addresses, judged.reason, 'the verdict is deny');
    if (!(judged instanceof PolicyVerdict))
      return refuseAll(question.addresses, 'decision_failed', 'no verdict of ours');
    return approveAll(judged, request, question);
  } catch {
    // Fail closed: nothing is approved that was not judged.
    return refuseAll(question.addresses, 'decision_failed', 'approving failed');
  }
}

/** A verdict of another policy (a reload came between) or a copy is not trusted: it is made again. */
function verdictOf(policy: CompiledPolicy, request: DecisionRequest, verdict: Verdict): Verdict {
  if (verdict.verdict === 'deny') return verdict;
  return verdict instanceof PolicyVerdict && verdict.policy === policy ? verdict : decide(policy, request);
}

function refuseAll(addresses: readonly IpAddress[], reason: Reason, why: string): AddressApproval {
  const refused = addresses.slice(0, mostAddresses).map((address) => ({ address, reason, why }));
  return { approved: [], admissions: [], grantIds: [], refused, reason, isMixed: false };
}

/** What the addresses of one request are judged by. */
interface Context {
  readonly policy: OpenedPolicy;
  readonly port: number;
  readonly network: NetworkFacts;
  readonly environment: number;
  readonly pairs: MatchPairs;
  readonly grants: readonly OpenedGrant[];
  readonly admission: Admission;
  readonly byRule: boolean;
  readonly byName: boolean;
}

type Answer =
  | {
      readonly kind: 'approved';
      readonly reason: Reason;
      readonly admission: Admission;
      readonly grantId: string | null;
    }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly why: string };

function approveAll(verdict: PolicyVerdict, request: DecisionRequest, question: AddressQuestion): AddressApproval {
  const { port, host } = request.destination;
  if (port === null) return refuseAll(question.addresses, 'address_forbidden', 'no port was asked for');
  const row = verdict.policy.serviceRow(request.principal.service);
  const context: Context = {
    policy: verdict.policy,
    port,
    network: question.network,
    environment: verdict.policy.serviceWord(row, serviceWord.environment),
    pairs: verdict.pairs,
    grants: verdict.grants,
    admission: verdict.admission,
    byRule: !verdict.wouldDeny,
    byName: host.kind === 'name',
  };
  const approved: ApprovedAddress[] = [];
  const admissions: Admission[] = [];
  const grantIds: (string | null)[] = [];
  const refused: RefusedAddress[] = [];
  let isLocal = false;
  for (const address of question.addresses.slice(0, mostAddresses)) {
    const answer = judgeAddress(context, address);
    if (answer.kind === 'refused') refused.push({ address, reason: answer.reason, why: answer.why });
    else {
      isLocal ||= answer.reason === 'local_origin';
      approved.push(Object.freeze({ address, port }) as ApprovedAddress);
      admissions.push(answer.admission);
      grantIds.push(answer.grantId);
    }
  }
  if (approved.length === 0) {
    return { approved, admissions, grantIds, refused, reason: commonReason(refused), isMixed: false };
  }
  const reason = isLocal ? 'local_origin' : verdict.reason;
  return { approved, admissions, grantIds, refused, reason, isMixed: refused.length > 0 };
}

function commonReason(refused: readonly RefusedAddress[]): Reason {
  const isCrossing = refused.length > 0 && refused.every((each) => each.reason === 'environment_crossing');
  return isCrossing ? 'environment_crossing' : 'address_forbidden';
}

function judgeAddress(context: Context, address: IpAddress): Answer {
  if (isLocalOrigin(context, address)) {
    const grantId = context.grants[0]?.grant.id ?? null;
    return { kind: 'approved', reason: 'local_origin', admission: context.admission, grantId };
  }
  if (isOwn(context, address)) return refuse('it is an address of this machine');
  const denied = boundaryBlocks(context.policy, address, context.port);
  if (denied !== null) return { kind: 'refused', reason: 'boundary_denied', why: `the boundary denies it: ${denied}` };
  const { kind, row, embedded } = classifyAddress(address);
  if (kind === 'forbidden') {
    const carried = embedded === null ? '' : ` carried inside: ${embedded.text}`;
    return refuse(`nobody may dial ${row?.name ?? 'it'}${carried}`);
  }
  return judgeSegments(context, address, kind);
}

/** Own addresses include loopback: the pairs that demos and tests opened are told apart before. Names only, by a rule only. */
function isLocalOrigin({ network, port, byRule, byName }: Context, address: IpAddress): boolean {
  if (!byRule || !byName || !isLoopback(address)) return false;
  return network.localOrigins.some((origin) => origin.port === port && origin.address.text === address.text);
}

/** Also inside another address: a gateway that translates would lead back to us. */
function isOwn({ network }: Context, address: IpAddress): boolean {
  const spelled = [address, ...embeddedIpv4(address)];
  return network.ownAddresses.some((own) => spelled.some((each) => each.text === own.text));
}

function isLoopback(address: IpAddress): boolean {
  return address.family === 4 ? (address.words[0] ?? 0) >>> 24 === 127 : address.text === '::1';
}

/** Any rule that matched may justify the address: one without `via` if it is public, one with `via` if a segment of it holds it. */
function judgeSegments(context: Context, address: IpAddress, kind: 'public' | 'private'): Answer {
  if (!context.byRule) {
    return kind === 'public'
      ? { kind: 'approved', reason: 'observed', admission: context.admission, grantId: null }
      : refuse('it is private, and no rule says via which segment');
  }
  if (context.grants.length > 0) return judgeByGrants(context, address, kind);
  let isCrossing = false;
  const justifying: number[] = [];
  for (let i = 0; i < context.pairs.length; i += 2) {
    const answer = judgeRule(context, context.pairs[i] as number, address, kind);
    if (answer === 'approved') justifying.push(context.pairs[i] as number, context.pairs[i + 1] as number);
    isCrossing ||= answer === 'crossing';
  }
  if (justifying.length > 0) {
    const admission =
      justifying.length === context.pairs.length ? context.admission : admissionOf(context.policy, justifying);
    return { kind: 'approved', reason: 'rule_matched', admission, grantId: null };
  }
  if (isCrossing) {
    return { kind: 'refused', reason: 'environment_crossing', why: 'its segment is of another environment' };
  }
  return refuse(
    kind === 'public'
      ? 'the rule says via, and no segment of it holds it'
      : 'it is private, and no via of a rule holds it',
  );
}

function judgeRule(
  context: Context,
  match: number,
  address: IpAddress,
  kind: 'public' | 'private',
): 'approved' | 'crossing' | 'no' {
  const { view } = context.policy;
  const attributes = view.attributes.at + (view.words[match + matchWord.extra] as number) * 4;
  const count = Math.min(view.words[attributes + attributeWord.viaCount] as number, view.lists.length);
  if (count === 0) return kind === 'public' ? 'approved' : 'no';
  const list = view.lists.at + (view.words[attributes + attributeWord.via] as number);
  let answer: 'crossing' | 'no' = 'no';
  for (let i = 0; i < count; i++) {
    const segment = view.words[list + i] as number;
    if (segment === none || !segmentHolds(view, segment, address)) continue;
    // A wide segment without environment must not be a way into a narrower one that has one.
    const owners = [segment, ...narrowestSegments(view, address)];
    if (owners.every((each) => mayCross(context, each, attributes))) return 'approved';
    answer = 'crossing';
  }
  return answer;
}

/** Any live grant may justify the address; the first that does is accounted to. */
function judgeByGrants(context: Context, address: IpAddress, kind: 'public' | 'private'): Answer {
  let isCrossing = false;
  for (const opened of context.grants) {
    const answer = judgeGrant(context, opened, address, kind);
    if (answer === 'approved') {
      const admission = admissionOfGrant(opened);
      return { kind: 'approved', reason: 'grant_matched', admission, grantId: opened.grant.id };
    }
    isCrossing ||= answer === 'crossing';
  }
  if (!isCrossing)
    return refuse('no grant is for it: without via for public addresses, else for those of its segments');
  return { kind: 'refused', reason: 'environment_crossing', why: 'its segment is of another environment' };
}

function judgeGrant(
  { policy, environment }: Context,
  { grant }: OpenedGrant,
  address: IpAddress,
  kind: 'public' | 'private',
): 'approved' | 'crossing' | 'no' {
  if (grant.via.length === 0) return kind === 'public' ? 'approved' : 'no';
  let answer: 'crossing' | 'no' = 'no';
  for (const [row, { name }] of policy.segments().entries()) {
    if (!grant.via.includes(name) || !segmentHolds(policy.view, row, address)) continue;
    // As for rules; but no grant names a crossing.
    const owners = [row, ...narrowestSegments(policy.view, address)];
    if (owners.every((each) => isSameEnvironment(policy, each, environment))) return 'approved';
    answer = 'crossing';
  }
  return answer;
}

function isSameEnvironment({ view }: OpenedPolicy, segment: number, environment: number): boolean {
  const target = view.words[view.segments.at + segment * 4 + segmentWord.environment] as number;
  return target === none || target === environment;
}

/** Texts are stored once each, so equal places are equal texts. A service without an environment equals nothing (fail closed). */
function mayCross({ policy, environment }: Context, segment: number, attributes: number): boolean {
  const { view } = policy;
  if (isSameEnvironment(policy, segment, environment)) return true;
  const target = view.words[view.segments.at + segment * 4 + segmentWord.environment] as number;
  const from = view.words[attributes + attributeWord.crossingFrom] as number;
  const to = view.words[attributes + attributeWord.crossingTo] as number;
  return environment !== none && from === environment && to === target;
}

function refuse(why: string): Answer {
  return { kind: 'refused', reason: 'address_forbidden', why };
}
