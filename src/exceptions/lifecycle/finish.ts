import { quoteInput } from '../../base/index.ts';
import { refuse } from '../fault.ts';
import { authorise } from '../people/authorise.ts';
import { linkPeople } from '../people/linked-people.ts';
import { involvedIn } from './eligibility.ts';
import { type Outcome, one } from './entries.ts';
import type { CommandOf } from './exception-command.ts';
import { type ExceptionState, type PointEvidence, reviewOutcomes } from './exception-state.ts';
import { endOf } from './status.ts';
import type { Asked, World } from './world.ts';

/**
 * Closes what has ended, with the proof: every point holds a list without the grant, said so after its end, and has no connection left
 * that only this grant justified. Faults: `not_ended`, `already_closed`, `close_unproven`, `token_cannot` for a person.
 */
export function close({ command, actor, world }: Asked<CommandOf<'close'>>, state: ExceptionState): Outcome {
  if (actor.kind !== 'system') return refuse('token_cannot', 'closing follows from what enforcement points say');
  const endMs = endOf(state);
  if (endMs === null || world.nowMs < endMs) return refuse('not_ended');
  if (state.closed !== null) return refuse('already_closed');
  const missing = world.points.filter((point) => !command.points.some((each) => proves(each, point, endMs, world)));
  if (world.points.length === 0) return refuse('close_unproven', 'no enforcement point is known');
  if (missing.length > 0)
    return refuse('close_unproven', `not confirmed by ${missing.map((point) => quoteInput(point)).join(', ')}`);
  return one(state.id, 'exception.closed', { points: command.points }, actor);
}

/**
 * Says what came of it, by somebody uninvolved: not who asked, benefits, approved or acknowledged, nor linked to one of them.
 * Faults: those of access, `not_ended`, `already_reviewed`, `self_review`, `spec_malformed`.
 */
export function review({ command, actor, world }: Asked<CommandOf<'review'>>, state: ExceptionState): Outcome {
  const access = authorise(actor, ['exception:review'], world);
  if (!access.ok) return access;
  const endMs = endOf(state);
  if (endMs === null || world.nowMs < endMs) return refuse('not_ended');
  if (state.reviewed !== null) return refuse('already_reviewed');
  const links = linkPeople(world.directory, world.nowMs);
  if (handsIn(state).some((person) => links.areLinked(person, access.value.id))) return refuse('self_review');
  const { outcome, note } = command;
  if (!reviewOutcomes.includes(outcome) || note.length > 2_000 || /\p{Cc}/u.test(note))
    return refuse('spec_malformed', `a review is one of ${reviewOutcomes.join(', ')}, with a note of one line`);
  return one(state.id, 'exception.reviewed', { outcome, note }, actor);
}

function proves(evidence: PointEvidence, point: string, endMs: number, { sequence }: World): boolean {
  const { connections, atMs } = evidence;
  return evidence.point === point && evidence.sequence >= sequence && connections === 0 && atMs >= endMs;
}

/** Everybody who had a hand in it. */
function handsIn(state: ExceptionState): readonly string[] {
  const approvers = state.decisions.map(({ by }) => by);
  const signers = state.offline?.signers ?? [];
  return [
    ...involvedIn(state),
    ...approvers,
    ...signers,
    ...(state.acknowledged === null ? [] : [state.acknowledged.by]),
  ];
}
