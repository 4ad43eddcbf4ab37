import { ok, quoteInput, type Result } from '../../base/index.ts';
import { parsePolicyTarget } from '../../destination/index.ts';
import type { ExceptionFacts } from '../../policy/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import type { Person } from '../people/person.ts';
import type { ExceptionSpec } from '../spec/exception-spec.ts';
import { whatIsWider } from '../spec/narrow-spec.ts';
import { parseSpec } from '../spec/parse-spec.ts';
import { whyTooWide } from '../spec/tier-of.ts';
import { hasActiveOwner, isActive } from './eligibility.ts';
import type { ExceptionState } from './exception-state.ts';
import { isLive } from './status.ts';
import type { World } from './world.ts';

/** A spec that holds under a policy, with what that policy says of it. */
export interface CheckedSpec {
  readonly spec: ExceptionSpec;
  readonly facts: ExceptionFacts;
}

/** How far ahead a start may be asked for: past that nobody knows whether it is still needed. */
const farthestStartMs = 30 * 86_400_000;

/** A start a little in the past is a form that was filled in slowly. */
const startSlackMs = 5 * 60_000;

/**
 * What somebody asks for, read and checked against policy and people. The same for requests and break-glass.
 * INVARIANT: nothing outside the boundary gets past this. Faults: those of `parseSpec`, `no_policy`, `boundary`, `target_too_wide`,
 * `unknown_service`, `unknown_identity`, `unknown_segment`, `owner_unknown`, `beneficiary_unknown`.
 */
export function checkSpec(asked: ExceptionSpec, world: World): Result<CheckedSpec, ExceptionFault> {
  const parsed = parseSpec(asked);
  if (!parsed.ok) return parsed;
  const { facts, directory } = world;
  if (facts === null) return refuse('no_policy');
  const refusal = findPolicyFault(parsed.value, facts) ?? findPeopleFault(parsed.value, facts, directory.people);
  return refusal === null ? ok({ spec: parsed.value, facts }) : refusal;
}

type Refusal = ReturnType<typeof refuse>;

/** What the policy has against a spec, or null. Asked again at every decision: the policy may have changed. */
function findPolicyFault(spec: ExceptionSpec, facts: ExceptionFacts): Refusal | null {
  const { service, target, segments } = facts;
  if (service === null || service.name !== spec.service)
    return refuse('unknown_service', `the policy has no service ${quoteInput(spec.service)}`);
  if (spec.identity !== null && !service.identities.includes(spec.identity))
    return refuse('unknown_identity', `\`${service.name}\` has no identity ${quoteInput(spec.identity)}`);
  const segment = spec.via.find((name) => !segments.includes(name));
  if (segment !== undefined) return refuse('unknown_segment', `the policy has no segment \`${segment}\``);
  if (target.outside !== null)
    return refuse('boundary', `\`${spec.to}\` is outside the boundary: ${quoteInput(target.outside)}`);
  const parsed = parsePolicyTarget(spec.to);
  const wide = parsed.ok ? whyTooWide(parsed.value) : 'it cannot be read';
  return wide === null ? null : refuse('target_too_wide', `\`${spec.to}\` is wider than any exception may be: ${wide}`);
}

/** INVARIANT: an unknown beneficiary refuses, and never skips the check of who benefits. */
function findPeopleFault(
  spec: ExceptionSpec,
  facts: ExceptionFacts,
  people: ReadonlyMap<string, Person>,
): Refusal | null {
  if (!isActive(people.get(spec.beneficiary)))
    return refuse('beneficiary_unknown', `${quoteInput(spec.beneficiary)} is no active person`);
  if (spec.owner === facts.service?.owner || hasActiveOwner(spec.owner, people)) return null;
  return refuse('owner_unknown', `nobody active acts for ${quoteInput(spec.owner)}`);
}

/** What speaks against a request since it was made, or null: who asked or benefits left, or the policy changed its mind. */
export function findStandingFault(
  { requester, spec }: Pick<ExceptionState, 'requester' | 'spec'>,
  facts: ExceptionFacts,
  people: ReadonlyMap<string, Person>,
): Refusal | null {
  if (!isActive(people.get(requester)))
    return refuse('requester_gone', `${quoteInput(requester)} is not active any more`);
  return findPeopleFault(spec, facts, people) ?? findPolicyFault(spec, facts);
}

/** Why the start that is asked for cannot be, or null. */
export function findStartFault({ startAtMs }: ExceptionSpec, nowMs: number): Refusal | null {
  if (startAtMs === null) return null;
  return startAtMs < nowMs - startSlackMs || startAtMs > nowMs + farthestStartMs ? refuse('start_too_far') : null;
}

/**
 * Why a spec cannot extend what it says it extends, or null. INVARIANT: an extension is a decision of its own about the same or less,
 * made while the other is active: it revives nothing that expired, was revoked or is held.
 */
export function findExtensionFault(spec: ExceptionSpec, world: World): Refusal | null {
  if (spec.extends === null) return null;
  const parent: ExceptionState | undefined = world.related.find(({ id }) => id === spec.extends);
  if (parent?.grant == null || parent.kind === 'break-glass') return refuse('extends_unknown');
  if (!isLive(parent, world.nowMs)) return refuse('extends_ended');
  const outer = { ...parent.grant.spec, durationMs: spec.durationMs };
  const wider = whatIsWider(outer, spec);
  return wider === null
    ? null
    : refuse('wider_than_extended', `\`${wider}\` is wider than what \`${parent.id}\` grants`);
}
