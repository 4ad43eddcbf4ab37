import { classifyAddress, embeddedIpv4, findPublicResolver, type IpAddress } from '../destination/index.ts';
import { boundaryBlocks } from './boundary-blocks.ts';
import type { NetworkFacts } from './compiled-policy.ts';
import { attributeWord, matchWord, none, segmentWord, serviceWord } from './format/layout.ts';
import type { OpenedGrant } from './grant-index.ts';
import type { MatchPairs } from './match-collector.ts';
import type { OpenedPolicy } from './open-policy.ts';
import { admissionOf, admissionOfGrant, type PolicyVerdict } from './policy-verdict.ts';
import type { Reason } from './reasons.ts';
import { narrowestSegments, segmentHolds } from './segment-rows.ts';
import type { Admission, DecisionRequest } from './verdict.ts';

/** What the addresses of one request are judged by. */
export interface AddressContext {
  readonly policy: OpenedPolicy;
  /** Null: not known, as for an answer of DNS. */
  readonly port: number | null;
  readonly network: NetworkFacts;
  readonly environment: number;
  readonly pairs: MatchPairs;
  readonly grants: readonly OpenedGrant[];
  readonly admission: Admission;
  readonly byRule: boolean;
  readonly byName: boolean;
}

/** What is said of one address. */
export type AddressAnswer =
  | {
      readonly kind: 'approved';
      readonly reason: Reason;
      readonly admission: Admission;
      readonly grantId: string | null;
    }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly why: string };

/** What the addresses of a request are judged by, after its verdict was an allow of this policy. */
export function addressContext(
  verdict: PolicyVerdict,
  { principal, destination }: DecisionRequest,
  network: NetworkFacts,
): AddressContext {
  const row = verdict.policy.serviceRow(principal.service);
  return {
    policy: verdict.policy,
    port: destination.port,
    network,
    environment: verdict.policy.serviceWord(row, serviceWord.environment),
    pairs: verdict.pairs,
    grants: verdict.grants,
    admission: verdict.admission,
    byRule: !verdict.wouldDeny,
    byName: destination.host.kind === 'name',
  };
}

/** Judges one address of a request. */
export function judgeAddress(context: AddressContext, address: IpAddress): AddressAnswer {
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
function isLocalOrigin({ network, port, byRule, byName }: AddressContext, address: IpAddress): boolean {
  if (!byRule || !byName || !isLoopback(address)) return false;
  return network.localOrigins.some(
    (origin) => (port === null || origin.port === port) && origin.address.text === address.text,
  );
}

/** Also inside another address: a gateway that translates would lead back to us. */
function isOwn({ network }: AddressContext, address: IpAddress): boolean {
  const spelled = [address, ...embeddedIpv4(address)];
  return network.ownAddresses.some((own) => spelled.some((each) => each.text === own.text));
}

function isLoopback(address: IpAddress): boolean {
  return address.family === 4 ? (address.words[0] ?? 0) >>> 24 === 127 : address.text === '::1';
}

/** What observing opens: public addresses, but for those of public resolvers. */
function judgeObserved({ admission }: AddressContext, address: IpAddress, kind: 'public' | 'private'): AddressAnswer {
  const resolver = findPublicResolver({ kind: 'address', address });
  if (resolver !== null) {
    const why = `${resolver} is a public resolver, which observing does not open`;
    return { kind: 'refused', reason: 'resolver_closed', why };
  }
  return kind === 'public'
    ? { kind: 'approved', reason: 'observed', admission, grantId: null }
    : refuse('it is private, and no rule says via which segment');
}

/** Any rule that matched may justify the address: one without `via` if it is public, one with `via` if a segment of it holds it. */
function judgeSegments(context: AddressContext, address: IpAddress, kind: 'public' | 'private'): AddressAnswer {
  if (!context.byRule) return judgeObserved(context, address, kind);
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
  context: AddressContext,
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
function judgeByGrants(context: AddressContext, address: IpAddress, kind: 'public' | 'private'): AddressAnswer {
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
  { policy, environment }: AddressContext,
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
function mayCross({ policy, environment }: AddressContext, segment: number, attributes: number): boolean {
  const { view } = policy;
  if (isSameEnvironment(policy, segment, environment)) return true;
  const target = view.words[view.segments.at + segment * 4 + segmentWord.environment] as number;
  const from = view.words[attributes + attributeWord.crossingFrom] as number;
  const to = view.words[attributes + attributeWord.crossingTo] as number;
  return environment !== none && from === environment && to === target;
}

function refuse(why: string): AddressAnswer {
  return { kind: 'refused', reason: 'address_forbidden', why };
}
