import type { Actor, NewEntry } from '../../audit/index.ts';
import { ExeatError, ok, type Result } from '../../base/index.ts';
import { actsOf } from '../act.ts';
import { acknowledge, declare, learn } from '../break-glass/break-glass.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { exceptionView, viewsOfPeople } from '../views.ts';
import { approve } from './approve.ts';
import { edit, submit, withdraw } from './ask.ts';
import { deny, deprovision, resume, revoke, suspend } from './end.ts';
import type { Outcome } from './entries.ts';
import type { DeprovisionCommand, ExceptionCommand } from './exception-command.ts';
import type { ExceptionState } from './exception-state.ts';
import { close, review } from './finish.ts';
import { applyActs } from './fold-exception.ts';
import type { Transition, World } from './world.ts';

/** Who gives a command and what may be known: everything that a transition reads. */
export interface Given {
  readonly actor: Actor;
  readonly world: World;
}

/**
 * The one function that issues every transition of an exception: API, command line and break-glass go through it. From where it stands
 * (null: nowhere yet), what is wanted, by whom, and what is known, to entries with the view after them, or a fault; never half of it.
 */
export function transition(
  command: ExceptionCommand,
  state: ExceptionState | null,
  { actor, world }: Given,
): Result<Transition, ExceptionFault> {
  const outcome = decide(command, state, { actor, world });
  if (!outcome.ok) return outcome;
  const entries = outcome.value;
  const [own, others] = [entries.filter(isOfException), entries.filter((entry) => !isOfException(entry))];
  const after = applyActs(state, actsOf(own, world.nowMs));
  if (after === null) throw new ExeatError('exception_unfounded', 'entries of a transition made no state');
  const domain = after.spec === state?.spec ? world.domainOf?.(after.id) : null;
  // A passkey that confirmed it counted on.
  const views = [exceptionView(after, domain), ...viewsOfPeople(others, world)];
  return ok({ entries, state: after, views });
}

/**
 * What disabling or demoting a person brings with it: every grant that hangs on them is held. `world.directory` is as it is after that.
 */
export function deprovisionAll(
  { person, why }: Pick<DeprovisionCommand, 'person' | 'why'>,
  states: readonly ExceptionState[],
  { actor, world }: Given,
): readonly Transition[] {
  return states.flatMap((state) => {
    const held = transition({ kind: 'deprovision', person, why }, state, { actor, world });
    return held.ok ? [held.value] : [];
  });
}

function isOfException({ subject }: NewEntry): boolean {
  return subject.startsWith('exception/');
}

function decide(command: ExceptionCommand, state: ExceptionState | null, { actor, world }: Given): Outcome {
  if (command.kind === 'submit') return submit({ command, actor, world }, state);
  if (command.kind === 'declare') return declare({ command, actor, world }, state);
  if (command.kind === 'learn') return learn({ command, actor, world }, state);
  if (state === null) return refuse('unknown_exception');
  switch (command.kind) {
    case 'edit':
      return edit({ command, actor, world }, state);
    case 'withdraw':
      return withdraw({ command, actor, world }, state);
    case 'approve':
      return approve({ command, actor, world }, state);
    case 'deny':
      return deny({ command, actor, world }, state);
    case 'revoke':
      return revoke({ command, actor, world }, state);
    case 'suspend':
      return suspend({ command, actor, world }, state);
    case 'resume':
      return resume({ command, actor, world }, state);
    case 'close':
      return close({ command, actor, world }, state);
    case 'review':
      return review({ command, actor, world }, state);
    case 'acknowledge':
      return acknowledge({ command, actor, world }, state);
    case 'deprovision':
      return deprovision({ command, actor, world }, state);
    default:
      return command satisfies never;
  }
}
