import { ok, type Result } from '../../base/index.ts';
import type { ExceptionFacts } from '../../policy/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { authorise } from '../people/authorise.ts';
import type { ExceptionSpec } from '../spec/exception-spec.ts';
import { specDigest } from '../spec/spec-digest.ts';
import { tierOf } from '../spec/tier-of.ts';
import { capGroupOf, findOverCap } from './caps.ts';
import { checkSpec, findExtensionFault, findStartFault } from './check-spec.ts';
import { involvedIn } from './eligibility.ts';
import { entryOf, type Outcome, one } from './entries.ts';
import type { CommandOf } from './exception-command.ts';
import type { ExceptionState } from './exception-state.ts';
import type { AskedDetails } from './fold-exception.ts';
import { statusOf } from './status.ts';
import type { Asked, World } from './world.ts';

/** Asks for an exception. Faults: `exception_exists`, those of access and of {@link checkAsked}. */
export function submit({ command, actor, world }: Asked<CommandOf<'submit'>>, state: ExceptionState | null): Outcome {
  const access = authorise(actor, ['exception:request'], world);
  if (!access.ok) return access;
  if (state !== null) return refuse('exception_exists');
  const { id, spec } = command;
  if (!/^[0-9A-Za-z-]{1,64}$/.test(id))
    return refuse('spec_malformed', '`id` must be 1 to 64 letters, digits and hyphens');
  const asked = checkAsked({ id, revision: 1, spec, requester: access.value.id }, world);
  return asked.ok ? one(id, 'exception.submitted', asked.value, actor) : asked;
}

/** Asks for something else in the same request: a new revision, on which nobody has decided. Faults: `not_pending`, `not_yours`, as above. */
export function edit({ command, actor, world }: Asked<CommandOf<'edit'>>, state: ExceptionState): Outcome {
  const access = authorise(actor, ['exception:request'], world);
  if (!access.ok) return access;
  if (statusOf(state, world.nowMs).status !== 'pending') return refuse('not_pending');
  const { id: person, owns } = access.value;
  if (!involvedIn(state).includes(person) && !owns.includes(state.spec.owner)) return refuse('not_yours');
  const { id, requester } = state;
  const asked = checkAsked({ id, revision: state.revision + 1, spec: command.spec, requester }, world);
  return asked.ok ? ok([entryOf(id, 'exception.edited', asked.value, actor)]) : asked;
}

/** Takes a request back while it waits. */
export function withdraw({ command, actor, world }: Asked<CommandOf<'withdraw'>>, state: ExceptionState): Outcome {
  const access = authorise(actor, ['exception:request'], world);
  if (!access.ok) return access;
  if (!involvedIn(state).includes(access.value.id)) return refuse('not_yours');
  if (statusOf(state, world.nowMs).status !== 'pending') return refuse('not_pending');
  return one(state.id, 'exception.withdrawn', { reason: command.reason }, actor);
}

interface Request {
  readonly id: string;
  readonly revision: number;
  readonly spec: ExceptionSpec;
  readonly requester: string;
}

/**
 * What stands in the log of a request that may wait for approval. Faults: those of `checkSpec`, `start_too_far`, `extends_unknown`,
 * `extends_ended`, `wider_than_extended`, `duration_over_tier`, `cumulative_over_cap`, `repeats_over_cap`.
 */
function checkAsked(request: Request, world: World): Result<AskedDetails, ExceptionFault> {
  const checked = checkSpec(request.spec, world);
  if (!checked.ok) return checked;
  const { spec, facts } = checked.value;
  const refusal = findStartFault(spec, world.nowMs) ?? findExtensionFault(spec, world);
  if (refusal !== null) return refusal;
  const { tier: name, findings } = tierOf(spec, facts.target);
  const tier = facts.tiers[name];
  if (spec.durationMs > tier.longestMs)
    return refuse('duration_over_tier', `tier \`${name}\` lasts at most ${tier.longestMs / 1_000} seconds`);
  const startMs = Math.max(world.nowMs, spec.startAtMs ?? 0);
  const group = capGroupOf(spec, request.requester);
  const over = findOverCap({ fromMs: startMs, untilMs: startMs + spec.durationMs }, group, tier, {
    ...world,
    id: request.id,
  });
  if (over !== null) return { ok: false, fault: over };
  const { policyVersion } = facts;
  return ok({
    id: request.id,
    revision: request.revision,
    spec,
    tier: name,
    findings,
    policyVersion,
    digest: specDigest({ ...request, spec, policyVersion, tier: name }, world.digest),
    pendingUntilMs: world.nowMs + tier.pendingMs,
    startByMs: spec.startAtMs === null ? null : spec.startAtMs + tier.startWithinMs,
  });
}

/**
 * What whoever decides looks at now: the spec as it is narrowed so far, its tier under the policy of now, and the digest that a decision
 * names. Another policy, revision or narrowing gives another digest.
 */
export function lookAt(
  state: ExceptionState,
  facts: ExceptionFacts,
  digest: World['digest'],
): { readonly spec: ExceptionSpec; readonly tier: ExceptionState['tier']; readonly digest: string } {
  const spec = state.grant?.spec ?? narrowedSoFar(state);
  const tier = state.kind === 'break-glass' ? 'break-glass' : tierOf(state.spec, facts.target).tier;
  const { id, revision } = state;
  return { spec, tier, digest: specDigest({ id, revision, policyVersion: facts.policyVersion, tier, spec }, digest) };
}

/** The spec of the revision that waits, with every narrowing of it: also of those whose approval counts no more. */
function narrowedSoFar({ spec, revision, decisions }: ExceptionState): ExceptionSpec {
  const narrowings = decisions.filter((decision) => decision.revision === revision).map(({ narrowing }) => narrowing);
  return Object.assign({}, spec, ...narrowings) as ExceptionSpec;
}
