import { classifyAddress, findPublicResolver, parseIpAddress } from '../destination/index.ts';
import { strengths } from '../identity/index.ts';
import { collectEmbedded } from './boundary-blocks.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import { findGrants } from './find-grants.ts';
import { findRevoked } from './find-revoked.ts';
import { groupWord, headBit, headWord, matchFlag, matchWord, metaWord, none, requireWord } from './format/layout.ts';
import type { OpenedGrant } from './grant-index.ts';
import type { MatchPairs } from './match-collector.ts';
import { OpenedPolicy } from './open-policy.ts';
import type { PairList } from './pair-list.ts';
import { admissionOf, admissionOfGrant, admitNothing, admitObserved, PolicyVerdict } from './policy-verdict.ts';
import { matchUnattributed } from './principal-directory.ts';
import type { Reason } from './reasons.ts';
import { boundaryDocumentName } from './rule-id.ts';
import { segmentHolds } from './segment-rows.ts';
import type { DecisionRequest, Verdict } from './verdict.ts';

/**
 * Decides whether a principal may reach a destination: the one evaluator behind every enforcement point, command and report.
 * Pure, synchronous, never throws: whatever goes wrong inside is a deny with `decision_failed`.
 *
 * The order of documents and entries says nothing. Of several answers the first of these wins:
 *
 * 1. `identity_unknown`: the policy has no such service, or the date of an unattributed source has come;
 * 2. `boundary_denied`: the built-in boundary, a boundary document, or an address that nobody may dial. INVARIANT: no rule, mode or
 *    grant overrides it;
 * 3. `identity_revoked`: by the policy or by the facts of the moment;
 * 4. (`feeds` enter here with their issue)
 * 5. `rule_denied`: a deny of the service. Under observe it does not end the walk: what follows still holds;
 * 6. `strength_insufficient`, then `source_not_permitted`: what the boundary requires for any class that the destination has,
 *    before any allow, so that an observed service and an enforced one get the same answer;
 * 7. `rule_matched`: any allow whose own `strength` the proof has;
 * 8. `strength_insufficient`: allows matched and the proof is too weak for each of them. It holds under observe;
 * 9. `grant_matched`: a live grant, where no rule allows. It is looked for here and nowhere else;
 * 10. why a grant that covers it does not count: `strength_insufficient`, `budget_spent`, `grant_suspended`, `grant_revoked`,
 *     `grant_expired`;
 * 11. `no_rule_matched`.
 *
 * Observe turns 5, 10 and 11 into allow with `observed`, `wouldDeny` and the reason; nothing else. Where the destination is a public resolver
 * it does not: `resolver_closed`. What is asked there is seen by nobody, so that observing would learn nothing of it.
 */
export function decide(policy: CompiledPolicy, request: DecisionRequest): Verdict {
  try {
    if (policy instanceof OpenedPolicy) return judge(policy, request);
  } catch {
    // Fail closed (DESIGN principle 2). What is wrong is a defect of ours: the reason shows it in every record and metric.
    return decisionFailed(policy);
  }
  return decisionFailed(policy);
}

/** The deny of a decision that could not be made. */
function decisionFailed(policy: CompiledPolicy): Verdict {
  return {
    verdict: 'deny',
    reason: 'decision_failed',
    wouldDeny: false,
    wouldDenyReason: null,
    ruleIds: [],
    grantId: null,
    policyVersion: policy.version,
    class: 'ordinary',
    mode: 'enforce',
    admission: admitNothing,
  };
}

/** What the steps of one decision share. */
interface Case {
  readonly policy: OpenedPolicy;
  readonly request: DecisionRequest;
  readonly mode: 'observe' | 'enforce';
}

const noPairs: MatchPairs = [];
const noIds: readonly string[] = [];
const noneLive: readonly OpenedGrant[] = [];

function judge(policy: OpenedPolicy, request: DecisionRequest): Verdict {
  const { principal, destination } = request;
  const head = policy.collector.locate(principal.service, destination.host);
  if (head < 0) return deny({ policy, request, mode: 'enforce' }, 'identity_unknown');
  const each: Case = { policy, request, mode: effectiveMode(policy, head, request.now) };
  const row = policy.view.words[head + headWord.row] as number;
  if (row === policy.unattributedRow && !isStillUnattributed(each)) return deny(each, 'identity_unknown');
  policy.collector.collect(destination, head);
  collectEmbedded(policy, destination, head);
  return forbidden(each) ?? revoked(each) ?? judgeRules(each);
}

/** Past its date an observed service is enforced by the clock; nothing has to run for that. */
function effectiveMode(policy: OpenedPolicy, head: number, now: number): 'observe' | 'enforce' {
  const { words } = policy.view;
  if (((words[head + headWord.bits] as number) & headBit.observed) === 0) return 'enforce';
  const until = policy.observeUntil(words[head + headWord.row] as number);
  return until !== null && now < until ? 'observe' : 'enforce';
}

/** The dates of unattributed documents differ: the one of the source that asks counts, and the last one where none is known. */
function isStillUnattributed({ policy, request, mode }: Case): boolean {
  const { source } = request.principal;
  if (source === null) return mode === 'observe';
  const address = parseIpAddress(source);
  return address.ok && matchUnattributed(policy.view, address.value, request.now).length > 0;
}

function forbidden(each: Case): Verdict | null {
  const { boundary } = each.policy.collector;
  if (boundary.length > 0) return deny(each, 'boundary_denied', boundary.copy());
  const { host } = each.request.destination;
  if (host.kind === 'name') return null;
  const { kind, row } = classifyAddress(host.address);
  if (kind !== 'forbidden') return null;
  const range = row === null ? host.address.text : row.prefix.text;
  return deny(each, 'boundary_denied', noPairs, [`${boundaryDocumentName}/built-in/${range}`]);
}

function revoked(each: Case): Verdict | null {
  const { policy, request } = each;
  const found = findRevoked(policy.view, request.principal, request.facts.revokedIdentities);
  return found === null ? null : deny(each, 'identity_revoked', noPairs, [`${boundaryDocumentName}/revoked/${found}`]);
}

function judgeRules(each: Case): Verdict {
  const { denies, allows } = each.policy.collector;
  if (denies.length > 0 && each.mode === 'enforce') return deny(each, 'rule_denied', denies.copy());
  const unmet = unmetRequirement(each);
  if (unmet !== null) return unmet;
  const pairs = allows.length === 0 ? noPairs : strongEnough(each, allows);
  if (pairs.length === 0 && allows.length > 0) return deny(each, 'strength_insufficient', allows.copy());
  if (denies.length > 0) return observed(each, 'rule_denied', denies.copy());
  if (pairs.length > 0) return allow(each, pairs);
  return judgeGrants(each);
}

/** INVARIANT: ending is decided by the clock at every decision; a grant that ended only stops counting. */
function judgeGrants(each: Case): Verdict {
  const { principal, destination, facts, now } = each.request;
  if (facts.grants.byId.size === 0) return missed(each, 'no_rule_matched', null);
  const { live, miss } = findGrants(facts.grants, { principal, destination, now, spent: facts.spent });
  const [chosen] = live;
  if (chosen !== undefined) return allowByGrant(each, live, chosen);
  return missed(each, miss?.reason ?? 'no_rule_matched', miss?.id ?? null);
}

function missed(each: Case, reason: Reason, grantId: string | null): Verdict {
  return each.mode === 'observe' ? observed(each, reason, noPairs) : deny(each, reason, noPairs, noIds, grantId);
}

/**
 * What the boundary requires for a class of the destination and the principal does not have. Every class counts, not only the
 * strictest: a document that names somebody's vault and calls it `admin` must not lift what `secret-manager` requires.
 */
function unmetRequirement(each: Case): Verdict | null {
  const { view } = each.policy;
  const classMask = view.words[view.meta.at + metaWord.classMask] as number;
  if (classMask === 0) return null;
  const classes = classesOf(each.policy) & classMask;
  if (classes === 0) return null;
  return unmetBy(each, classes, isTooWeak) ?? unmetBy(each, classes, isElsewhere);
}

/** The classes of every member that covers the destination, as bits. Whatever else a destination is, it is ordinary (bit 0). */
function classesOf({ view, collector }: OpenedPolicy): number {
  const { members } = collector;
  let classes = 1;
  for (let i = 0; i < members.length; i += 2)
    classes |= 1 << (view.words[view.groups.at + members.at(i + 1) * 2 + groupWord.class] as number);
  return classes;
}

/** One kind of requirement at a time, so that the order of documents says nothing about the reason. */
function unmetBy(each: Case, classes: number, isUnmet: (each: Case, at: number) => boolean): Verdict | null {
  const { requires, words } = each.policy.view;
  const ids = new Set<string>();
  for (let at = requires.at; at < requires.at + requires.length; at += 4) {
    const code = words[at + requireWord.class] as number;
    if ((classes & (1 << code)) !== 0 && isUnmet(each, at))
      ids.add(`${boundaryDocumentName}/requires/${each.policy.className(code)}`);
  }
  if (ids.size === 0) return null;
  const reason = isUnmet === isTooWeak ? 'strength_insufficient' : 'source_not_permitted';
  return deny(each, reason, noPairs, [...ids].sort());
}

function isTooWeak({ policy, request }: Case, at: number): boolean {
  const need = (policy.view.words[at + requireWord.strength] as number) - 1;
  return strengths.indexOf(request.principal.strength) < need;
}

function isElsewhere({ policy, request }: Case, at: number): boolean {
  const { words } = policy.view;
  const count = words[at + requireWord.fromCount] as number;
  if (count === 0) return false;
  const source = request.principal.source === null ? null : parseIpAddress(request.principal.source);
  if (source === null || !source.ok) return true;
  const list = policy.view.lists.at + (words[at + requireWord.from] as number);
  for (let i = 0; i < count; i++) {
    const row = words[list + i] as number;
    if (row !== none && segmentHolds(policy.view, row, source.value)) return false;
  }
  return true;
}

/** The matches whose own `strength` the proof has, copied. Nearly no rule asks for one. */
function strongEnough({ policy, request }: Case, allows: PairList): MatchPairs {
  const { words } = policy.view;
  let asked = 0;
  for (let i = 0; i < allows.length; i += 2) asked |= words[allows.at(i) + matchWord.flags] as number;
  if (strengthAsked(asked) === 0) return allows.copy();
  const have = strengths.indexOf(request.principal.strength);
  const kept: number[] = [];
  for (let i = 0; i < allows.length; i += 2) {
    const flags = words[allows.at(i) + matchWord.flags] as number;
    if (have >= strengthAsked(flags) - 1) kept.push(allows.at(i), allows.at(i + 1));
  }
  return kept;
}

/** The strength that flags ask for, plus one; 0 for none. */
function strengthAsked(flags: number): number {
  return (flags >>> matchFlag.strengthShift) & matchFlag.strengthMask;
}

function allow({ policy, mode }: Case, pairs: MatchPairs): Verdict {
  return new PolicyVerdict(policy, {
    verdict: 'allow',
    reason: 'rule_matched',
    wouldDenyReason: null,
    class: policy.collector.class,
    mode,
    admission: admissionOf(policy, pairs),
    pairs,
    otherIds: noIds,
    grants: noneLive,
    grantId: null,
  });
}

function allowByGrant({ policy, mode }: Case, grants: readonly OpenedGrant[], chosen: OpenedGrant): Verdict {
  return new PolicyVerdict(policy, {
    verdict: 'allow',
    reason: 'grant_matched',
    wouldDenyReason: null,
    class: policy.collector.class,
    mode,
    admission: admissionOfGrant(chosen),
    pairs: noPairs,
    otherIds: noIds,
    grants,
    grantId: chosen.grant.id,
  });
}

function observed(each: Case, wouldDenyReason: Reason, pairs: MatchPairs): Verdict {
  const { policy, request, mode } = each;
  const resolver = findPublicResolver(request.destination.host);
  if (resolver !== null)
    return deny(each, 'resolver_closed', noPairs, [`${boundaryDocumentName}/built-in/${resolver}`]);
  return new PolicyVerdict(policy, {
    verdict: 'allow',
    reason: 'observed',
    wouldDenyReason,
    class: policy.collector.class,
    mode,
    admission: admitObserved(request.destination.protocol === 'udp'),
    pairs,
    otherIds: noIds,
    grants: noneLive,
    grantId: null,
  });
}

// biome-ignore lint/complexity/useMaxParams: an options object would be made for every denial
function deny(
  { policy, mode }: Case,
  reason: Reason,
  pairs: MatchPairs = noPairs,
  otherIds: readonly string[] = noIds,
  grantId: string | null = null,
): Verdict {
  return new PolicyVerdict(policy, {
    verdict: 'deny',
    reason,
    wouldDenyReason: null,
    class: policy.collector.class,
    mode,
    admission: admitNothing,
    pairs,
    otherIds,
    grants: noneLive,
    grantId,
  });
}
