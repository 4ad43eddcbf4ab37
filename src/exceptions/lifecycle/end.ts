import { ok } from '../../base/index.ts';
import type { ExceptionFacts } from '../../policy/index.ts';
import { refuse } from '../fault.ts';
import { authorise } from '../people/authorise.ts';
import { confirm } from '../people/confirmation.ts';
import type { Person, Scope } from '../people/person.ts';
import { lookAt } from './ask.ts';
import { findStandingFault } from './check-spec.ts';
import { approvalTier, electorateOf, hasActiveOwner, involvedIn } from './eligibility.ts';
import { confirmedPart, entryOf, type Outcome, one } from './entries.ts';
import type { CommandOf } from './exception-command.ts';
import type { ExceptionState } from './exception-state.ts';
import { statusOf } from './status.ts';
import type { Asked, World } from './world.ts';

const ending: readonly Scope[] = ['exception:revoke', 'exception:approve'];

/** Refuses a request. Everybody who may end a grant may, whoever asked included: a no needs no second person. */
export function deny({ command, actor, world }: Asked<CommandOf<'deny'>>, state: ExceptionState): Outcome {
  const access = authorise(actor, ending, world);
  if (!access.ok) return access;
  if (!mayEnd(access.value, state)) return refuse('not_yours');
  if (statusOf(state, world.nowMs).status !== 'pending') return refuse('not_pending');
  const policyVersion = world.facts?.policyVersion ?? '';
  const digest = world.facts === null ? '' : lookAt(state, world.facts, world.digest).digest;
  const decision = { verdict: 'deny', revision: state.revision, digest, policyVersion, narrowing: {} } as const;
  return one(state.id, 'exception.decided', { ...decision, note: command.note }, actor);
}

/** Ends a grant at once, without a quorum. INVARIANT: nothing but the time and who may act can refuse it. */
export function revoke({ command, actor, world }: Asked<CommandOf<'revoke'>>, state: ExceptionState): Outcome {
  const access = authorise(actor, ending, world);
  if (!access.ok) return access;
  if (!mayEnd(access.value, state)) return refuse('not_yours');
  if (!isStanding(state, world.nowMs)) return refuse('not_granted');
  return one(state.id, 'exception.revoked', { reason: command.reason }, actor);
}

/** Holds a grant at once; its time goes on. */
export function suspend({ command, actor, world }: Asked<CommandOf<'suspend'>>, state: ExceptionState): Outcome {
  const access = authorise(actor, ending, world);
  if (!access.ok) return access;
  if (!mayEnd(access.value, state)) return refuse('not_yours');
  if (!isStanding(state, world.nowMs) || state.suspended !== null) return refuse('not_granted');
  return one(state.id, 'exception.suspended', { why: 'held', reason: command.reason }, actor);
}

/** Holds a grant because of what became of somebody it hangs on: what an act about people brings with it. */
export function deprovision(
  { command, actor, world }: Asked<CommandOf<'deprovision'>>,
  state: ExceptionState,
): Outcome {
  if (actor.kind !== 'system') return refuse('token_cannot', 'this follows from an act about a person');
  if (!isStanding(state, world.nowMs) || state.suspended !== null) return refuse('not_granted');
  const reason = findHold(state, command, world);
  if (reason === null) return refuse('not_granted', 'it does not hang on that person');
  return one(state.id, 'exception.suspended', { why: 'deprovisioned', reason }, actor);
}

/**
 * Lets a held grant count again: a decision by somebody who may approve, who is not linked to who held it, bound to digest and policy as an
 * approval is. Faults: `not_suspended`, `no_policy`, `self_approval`, `not_eligible`, `approver_linked`, `policy_changed`, `digest_stale`,
 * those of `confirm`.
 */
export function resume({ command, actor, world }: Asked<CommandOf<'resume'>>, state: ExceptionState): Outcome {
  const access = authorise(actor, ['exception:approve'], world);
  if (!access.ok) return access;
  if (statusOf(state, world.nowMs).status !== 'suspended') return refuse('not_suspended');
  if (world.facts === null) return refuse('no_policy');
  const refusal =
    findStandingFault(state, world.facts, world.directory.people) ??
    findResumerFault(access.value.id, { state, facts: world.facts, world }) ??
    findLookFault(command, state, world);
  if (refusal !== null) return refusal;
  const { id } = state;
  const { confirm: mode } = approvalTier(lookAt(state, world.facts, world.digest).tier, world.facts.tiers);
  const confirmed = confirm(command.confirmation ?? null, { subject: `exception/${id}`, actor, mode }, world);
  if (!confirmed.ok) return confirmed;
  const { digest, policyVersion, note } = command;
  const details = { digest, policyVersion, note, ...confirmedPart(confirmed.value) };
  return ok([...confirmed.value.entries, entryOf(id, 'exception.resumed', details, actor)]);
}

type Refusal = ReturnType<typeof refuse>;

function findResumerFault(
  person: string,
  { state, facts, world }: { readonly state: ExceptionState; readonly facts: ExceptionFacts; readonly world: World },
): Refusal | null {
  const electorate = electorateOf(state, facts, world, approvalTier(state.tier, facts.tiers));
  if (electorate.isInvolved(person)) return refuse('self_approval');
  if (!electorate.isEligible(person)) return refuse('not_eligible');
  const holder = state.suspended?.by ?? null;
  if (holder === null || !electorate.links.areLinked(holder, person)) return null;
  return refuse('approver_linked', 'another person than who held it lets it count again');
}

function findLookFault(command: CommandOf<'resume'>, state: ExceptionState, world: World): Refusal | null {
  if (world.facts === null || command.policyVersion !== world.facts.policyVersion) return refuse('policy_changed');
  return command.digest === lookAt(state, world.facts, world.digest).digest ? null : refuse('digest_stale');
}

/** Whoever asked, benefits, owns it, approved it, or has a role that ends things. */
function mayEnd({ id, roles, owns }: Person, state: ExceptionState): boolean {
  return (
    roles.includes('approver') ||
    roles.includes('security') ||
    owns.includes(state.spec.owner) ||
    involvedIn(state).includes(id) ||
    (state.grant?.approvers.includes(id) ?? false)
  );
}

/** Whether there is a grant that has not ended, started or not, held or not. */
function isStanding(state: ExceptionState, nowMs: number): boolean {
  const { status } = statusOf(state, nowMs);
  return status === 'approved' || status === 'active' || status === 'suspended';
}

/** Why a grant must be held when somebody is disabled, or may approve less than before; null where it need not. */
function findHold(state: ExceptionState, { person, why }: CommandOf<'deprovision'>, world: World): string | null {
  if (why === 'disabled' && hangsOn(state, person, world)) return `\`${person}\` was disabled`;
  // INVARIANT: whoever approved it may still approve when it starts, or somebody decides anew.
  const isWaiting = statusOf(state, world.nowMs).status === 'approved';
  const isTheirs = isWaiting && (state.grant?.approvers.includes(person) ?? false);
  return isTheirs
    ? `\`${person}\`, who approved it, ${why === 'disabled' ? 'was disabled' : 'lost a role'} before its start`
    : null;
}

/** Whether a grant must be held when somebody is gone. `directory` is as it is with that person disabled. */
function hangsOn(state: ExceptionState, personId: string, { directory }: Pick<World, 'directory'>): boolean {
  if (state.requester === personId || state.spec.beneficiary === personId) return true;
  const owns = directory.people.get(personId)?.owns.includes(state.spec.owner) ?? false;
  return owns && !hasActiveOwner(state.spec.owner, directory.people);
}
