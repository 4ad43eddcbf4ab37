import { ok, type Result } from '../../base/index.ts';
import type { ExceptionFacts, Tier } from '../../policy/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { authorise } from '../people/authorise.ts';
import { confirm } from '../people/confirmation.ts';
import type { ExceptionSpec, Narrowing } from '../spec/exception-spec.ts';
import { narrowSpec } from '../spec/narrow-spec.ts';
import { lookAt } from './ask.ts';
import { capGroupOf, findOverCap } from './caps.ts';
import { findExtensionFault, findStandingFault } from './check-spec.ts';
import { approvalTier, type Electorate, electorateOf } from './eligibility.ts';
import { confirmedPart, entryOf, type Outcome } from './entries.ts';
import type { CommandOf } from './exception-command.ts';
import type { ExceptionState } from './exception-state.ts';
import type { GrantedDetails } from './fold-exception.ts';
import { isLapsed, statusOf } from './status.ts';
import type { Asked, World } from './world.ts';

/** Everything about the request that an approval is judged by. */
interface Ballot {
  readonly state: ExceptionState;
  readonly facts: ExceptionFacts;
  readonly tier: Tier;
  readonly electorate: Electorate;
  readonly world: World;
}

/**
 * Approves a request, and grants it where the quorum is reached with this. INVARIANT: an approval is bound to the digest and the policy
 * that were looked at. Faults: those of access, `no_policy`, `not_pending`, `start_window_passed`, `self_approval`, `not_eligible`,
 * `policy_changed`, `digest_stale`, `already_decided`, `approver_linked`, `quorum_unreachable`, `wider_than_asked`, those of `confirm`, and
 * those of asking.
 */
export function approve({ command, actor, world }: Asked<CommandOf<'approve'>>, state: ExceptionState): Outcome {
  const access = authorise(actor, ['exception:approve'], world);
  if (!access.ok) return access;
  const person = access.value.id;
  const opened = openBallot(state, world);
  if (!opened.ok) return opened;
  const ballot = opened.value;
  const refusal = findPersonFault(person, ballot) ?? findLookFault(command, ballot) ?? findQuorumFault(person, ballot);
  if (refusal !== null) return refusal;
  const { spec, digest } = lookAt(state, ballot.facts, world.digest);
  const narrowed = narrowSpec(spec, command.narrowing);
  if (!narrowed.ok) return narrowed;
  const { policyVersion } = ballot.facts;
  const narrowing = differenceOf(spec, narrowed.value);
  const decision = { verdict: 'approve', revision: state.revision, digest, policyVersion, narrowing } as const;
  const subject = `exception/${state.id}`;
  const confirmed = confirm(command.confirmation ?? null, { subject, actor, mode: ballot.tier.confirm }, world);
  if (!confirmed.ok) return confirmed;
  const details = { ...decision, note: command.note, ...confirmedPart(confirmed.value) };
  const decided = [...confirmed.value.entries, entryOf(state.id, 'exception.decided', details, actor)];
  const approvers = [...countedApprovals(ballot), person];
  if (approvers.length < ballot.tier.quorum) return ok(decided);
  const granted = grant(narrowed.value, approvers, ballot);
  return granted.ok ? ok([...decided, entryOf(state.id, 'exception.granted', granted.value, actor)]) : granted;
}

type Refusal = ReturnType<typeof refuse>;

function openBallot(state: ExceptionState, world: World): Result<Ballot, ExceptionFault> {
  const { status } = statusOf(state, world.nowMs);
  if (status === 'lapsed' && !isLapsed({ ...state, startByMs: null }, world.nowMs))
    return refuse('start_window_passed');
  if (status !== 'pending') return refuse('not_pending', `it is \`${status}\` and does not wait for a decision`);
  const { facts } = world;
  if (facts === null) return refuse('no_policy');
  const fault = findStandingFault(state, facts, world.directory.people);
  if (fault !== null) return fault;
  const { tier: name } = lookAt(state, facts, world.digest);
  const tier = approvalTier(name, facts.tiers);
  return ok({ state, facts, tier, world, electorate: electorateOf(state, facts, world, tier) });
}

function findPersonFault(person: string, { electorate }: Ballot): Refusal | null {
  if (electorate.isInvolved(person)) return refuse('self_approval');
  return electorate.isEligible(person) ? null : refuse('not_eligible');
}

/** The policy is looked at first: it changes the digest too, and says more. */
function findLookFault(command: CommandOf<'approve'>, { state, facts, world }: Ballot): Refusal | null {
  if (command.policyVersion !== facts.policyVersion) return refuse('policy_changed');
  return command.digest === lookAt(state, facts, world.digest).digest ? null : refuse('digest_stale');
}

/** Linked people count once, so a quorum that only they could fill is none. */
function findQuorumFault(person: string, ballot: Ballot): Refusal | null {
  const counted = countedApprovals(ballot);
  const { electorate, tier } = ballot;
  if (counted.includes(person)) return refuse('already_decided');
  if (counted.some((other) => electorate.links.areLinked(other, person))) return refuse('approver_linked');
  const eligible = electorate.countEligible();
  if (eligible >= tier.quorum) return null;
  return refuse(
    'quorum_unreachable',
    `${tier.quorum} people must approve and ${eligible} may, counting linked ones once`,
  );
}

/** Who approved what is looked at now, under the policy of now, and may still approve: one of each component. */
function countedApprovals({ state, facts, electorate }: Ballot): readonly string[] {
  const byComponent = new Map<string, string>();
  for (const { verdict, by, revision, policyVersion } of state.decisions) {
    if (verdict !== 'approve' || revision !== state.revision || policyVersion !== facts.policyVersion) continue;
    if (electorate.isEligible(by)) byComponent.set(electorate.links.componentOf(by), by);
  }
  return [...byComponent.values()];
}

/** INVARIANT: time that a request waited is not taken from its grant, and no grant is without an end. */
function grant(
  spec: ExceptionSpec,
  approvers: readonly string[],
  ballot: Ballot,
): Result<GrantedDetails, ExceptionFault> {
  const { state, facts, tier, world } = ballot;
  if (spec.durationMs > tier.longestMs)
    return refuse('duration_over_tier', `it may last at most ${tier.longestMs / 1_000} seconds: narrow it`);
  const extension = findExtensionFault(spec, world);
  if (extension !== null) return extension;
  const notBeforeMs = Math.max(world.nowMs, spec.startAtMs ?? 0);
  const notAfterMs = notBeforeMs + spec.durationMs;
  const group = capGroupOf(state.spec, state.requester);
  const over = findOverCap({ fromMs: notBeforeMs, untilMs: notAfterMs }, group, tier, { ...world, id: state.id });
  if (over !== null) return { ok: false, fault: over };
  const { policyVersion } = facts;
  const { strength, drainMs, reviewWithinMs } = tier;
  return ok({ spec, strength, notBeforeMs, notAfterMs, drainMs, policyVersion, approvers, reviewWithinMs });
}

/** What an approver narrowed, in canonical spelling: replaying it over the spec gives the narrowed one. */
function differenceOf(spec: ExceptionSpec, narrowed: ExceptionSpec): Narrowing {
  const changed = Object.entries(narrowed).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(spec[key as keyof ExceptionSpec]),
  );
  return Object.fromEntries(changed) as Narrowing;
}
