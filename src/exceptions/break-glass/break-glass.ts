import { ok, type Result } from '../../base/index.ts';
import { parsePolicyTarget } from '../../destination/index.ts';
import { type BreakGlassTier, defaultTiers } from '../../policy/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { capGroupOf, findOverCap } from '../lifecycle/caps.ts';
import { checkSpec } from '../lifecycle/check-spec.ts';
import { confirmedPart, entryOf, type Outcome, one } from '../lifecycle/entries.ts';
import type { CommandOf } from '../lifecycle/exception-command.ts';
import type { ExceptionState } from '../lifecycle/exception-state.ts';
import type { AskedDetails, GrantedDetails } from '../lifecycle/fold-exception.ts';
import { endOf, statusOf } from '../lifecycle/status.ts';
import type { Asked, World } from '../lifecycle/world.ts';
import { authorise, authoriseByKey } from '../people/authorise.ts';
import { type Confirmation, confirm } from '../people/confirmation.ts';
import { type LinkedPeople, linkPeople } from '../people/linked-people.ts';
import type { Person } from '../people/person.ts';
import type { ExceptionSpec } from '../spec/exception-spec.ts';
import { scopeDomainOf } from '../spec/scope-domain.ts';
import { specDigest } from '../spec/spec-digest.ts';
import { isExact, tierOf } from '../spec/tier-of.ts';

/**
 * Declares break-glass: granted at once to somebody whose key or passkey is enrolled, for exactly one host and port, inside the boundary,
 * until the time for acknowledging is over. By a passkey the declaration is its own confirmation, with the count that it told. Faults: `break_glass_not_enrolled`, `break_glass_wide`, `review_overdue`, `break_glass_unacknowledged`,
 * `exception_exists`, those of `checkSpec`, `duration_over_tier`, `cumulative_over_cap`, `spec_malformed` for a start, an extension or too
 * many bytes, `passkey_cloned`.
 */
export function declare({ command, actor, world }: Asked<CommandOf<'declare'>>, state: ExceptionState | null): Outcome {
  const access = authoriseByKey(actor, world);
  if (!access.ok) return access;
  if (state !== null) return refuse('exception_exists');
  const { id, confirmation = null } = command;
  if (actor.kind === 'person' && actor.via === 'passkey' && !isBy(actor.credential, confirmation))
    return refuse('break_glass_not_enrolled');
  const confirmed = confirm(confirmation, { subject: `exception/${id}`, actor, mode: 'never' }, world);
  if (!confirmed.ok) return confirmed;
  if (!/^[0-9A-Za-z-]{1,64}$/.test(id))
    return refuse('spec_malformed', '`id` must be 1 to 64 letters, digits and hyphens');
  const checked = checkSpec(command.spec, world);
  if (!checked.ok) return checked;
  const { facts } = checked.value;
  const tier = facts.tiers.breakGlass;
  const bounded = boundSpec(checked.value.spec, tier);
  if (!bounded.ok) return bounded;
  const spec = bounded.value;
  const refusal = findEarlierFault(spec, access.value, world) ?? findCapFault(id, spec, access.value, world);
  if (refusal !== null) return refusal;
  const { policyVersion } = facts;
  const asked: AskedDetails = {
    id,
    revision: 1,
    spec,
    tier: 'break-glass',
    findings: tierOf(spec, facts.target).findings,
    policyVersion,
    digest: specDigest({ id, revision: 1, policyVersion, tier: 'break-glass', spec }, world.digest),
    pendingUntilMs: world.nowMs,
    startByMs: null,
  };
  const lastsMs = Math.min(spec.durationMs, tier.acknowledgeWithinMs);
  const grant = grantOf({ spec, tier, policyVersion }, world.nowMs, world.nowMs + lastsMs);
  return ok([...confirmed.value.entries, entryOf(id, 'exception.declared', { ...asked, grant }, actor)]);
}

/**
 * Acknowledges a break-glass before it ends, so that it lasts as long as was declared. By a second person who approves, or whose key is
 * enrolled, and who is not linked to who declared it or benefits. Faults: `already_acknowledged`, `acknowledge_late`, `self_acknowledge`,
 * `not_eligible`, those of `confirm`.
 */
export function acknowledge(
  { command, actor, world }: Asked<CommandOf<'acknowledge'>>,
  state: ExceptionState,
): Outcome {
  const byKey = authoriseByKey(actor, world);
  const access = byKey.ok ? byKey : authorise(actor, ['exception:approve'], world);
  if (!access.ok) return access;
  const { grant } = state;
  if (state.kind !== 'break-glass' || grant === null) return refuse('not_granted');
  if (!byKey.ok && !mayAcknowledge(access.value, state.spec)) return refuse('not_eligible');
  const refusal = findAcknowledgeFault(access.value, state, world);
  if (refusal !== null) return refusal;
  const mode = byKey.ok ? 'never' : (grant.confirm ?? 'registered');
  const subject = `exception/${state.id}`;
  const confirmed = confirm(command.confirmation ?? null, { subject, actor, mode }, world);
  if (!confirmed.ok) return confirmed;
  const notAfterMs = grant.atMs + grant.spec.durationMs;
  const details = { notAfterMs, ...confirmedPart(confirmed.value) };
  return ok([...confirmed.value.entries, entryOf(state.id, 'exception.acknowledged', details, actor)]);
}

function findAcknowledgeFault({ id }: Person, state: ExceptionState, world: World): ReturnType<typeof refuse> | null {
  if (state.acknowledged !== null || state.offline !== null) return refuse('already_acknowledged');
  const { status } = statusOf(state, world.nowMs);
  if (status !== 'active') return refuse('acknowledge_late', `the break-glass is \`${status}\``);
  const links = linkPeople(world.directory, world.nowMs);
  const involved = [state.requester, state.spec.beneficiary];
  return involved.some((person) => links.areLinked(person, id)) ? refuse('self_acknowledge') : null;
}

function isBy(passkey: string, confirmation: Confirmation | null): boolean {
  return confirmation?.kind === 'passkey' && confirmation.id === passkey;
}

/** Without a key of their own it takes somebody who approves anything, or who acts for the owner. */
function mayAcknowledge({ roles, owns }: Person, { owner }: ExceptionSpec): boolean {
  return roles.includes('approver') || roles.includes('security') || owns.includes(owner);
}

/** Takes down what a point did while control was away. A fact is never refused: what is wrong with it is told as doubts. */
export function learn({ command, actor, world }: Asked<CommandOf<'learn'>>, state: ExceptionState | null): Outcome {
  if (actor.kind !== 'system') return refuse('token_cannot', 'an offline break-glass is learned from its point');
  if (state !== null) return refuse('exception_exists');
  const { id, document, signers, fromMs, untilMs, doubts } = command.learned;
  const { point, nonce, service, identity, to, via, bytesUp, owner, reason } = document;
  const requester = signers[0] ?? '';
  const durationMs = Math.max(0, untilMs - fromMs);
  const spec: ExceptionSpec = {
    ...{ relaxes: 'reach', service, identity, to, via, durationMs, startAtMs: null, bytesUp, bytesDown: null },
    ...{ reason, owner, beneficiary: requester, ticket: null, extends: null, denial: null },
  };
  const policyVersion = world.facts?.policyVersion ?? '';
  const tier = world.facts?.tiers.breakGlass ?? defaultTiers.breakGlass;
  const grant = grantOf({ spec, tier, policyVersion }, fromMs, untilMs);
  return one(
    id,
    'exception.learned',
    {
      ...{ id, revision: 1, spec, tier: 'break-glass', findings: [], policyVersion, grant, requester, atMs: fromMs },
      digest: specDigest({ id, revision: 1, policyVersion, tier: 'break-glass', spec }, world.digest),
      pendingUntilMs: fromMs,
      startByMs: null,
      offline: { point, nonce, signers, doubts },
    },
    actor,
  );
}

/** INVARIANT: break-glass is for one host and port, an hour and a gigabyte up at most. */
function boundSpec(spec: ExceptionSpec, tier: BreakGlassTier): Result<ExceptionSpec, ExceptionFault> {
  const target = parsePolicyTarget(spec.to);
  if (!target.ok || !isExact(target.value)) return refuse('break_glass_wide');
  if (spec.durationMs > tier.longestMs)
    return refuse('duration_over_tier', `break-glass lasts at most ${tier.longestMs / 1_000} seconds`);
  if (spec.startAtMs !== null || spec.extends !== null)
    return refuse('spec_malformed', 'break-glass starts at once and extends nothing');
  if (spec.bytesUp !== null && spec.bytesUp > tier.maxBytesUp)
    return refuse('spec_malformed', `\`bytesUp\` of break-glass is at most ${tier.maxBytesUp}`);
  return ok({ ...spec, bytesUp: spec.bytesUp ?? tier.maxBytesUp });
}

/** One that nobody reviewed in time, or that nobody acknowledged, stands in the way of the next. */
function findEarlierFault(spec: ExceptionSpec, person: Person, world: World): ReturnType<typeof refuse> | null {
  const links = linkPeople(world.directory, world.nowMs);
  const earlier = world.related.filter(({ kind, reviewed }) => kind === 'break-glass' && reviewed === null);
  for (const other of earlier) {
    const isSamePlace = scopeDomainOf(other.spec.to) === scopeDomainOf(spec.to);
    const isSamePerson = links.areLinked(other.requester, person.id);
    const isOverdue = statusOf(other, world.nowMs).review === 'review_overdue';
    if (isOverdue && (isSamePerson || isSamePlace))
      return refuse('review_overdue', `the review of \`${other.id}\` is overdue`);
    const isInTheWay = isSamePlace || world.nowMs >= (endOf(other) ?? 0);
    if (isSamePerson && isInTheWay && wasAlone(other, links))
      return refuse('break_glass_unacknowledged', `nobody acknowledged \`${other.id}\``);
  }
  return null;
}

/** Ending one's own in time, to declare it anew, is not the second person. */
function wasAlone({ acknowledged, offline, ended, requester }: ExceptionState, links: LinkedPeople): boolean {
  if (acknowledged !== null || offline !== null) return false;
  const endedBy = ended?.by ?? null;
  return endedBy === null || links.areLinked(endedBy, requester);
}

function findCapFault(id: string, spec: ExceptionSpec, person: Person, world: World): ReturnType<typeof refuse> | null {
  const { facts, nowMs } = world;
  if (facts === null) return refuse('no_policy');
  const related = world.related.filter(({ kind }) => kind === 'break-glass');
  const caps = { cumulativeMs: facts.tiers.breakGlass.cumulativeMs, repeats: null };
  const span = { fromMs: nowMs, untilMs: nowMs + spec.durationMs };
  const over = findOverCap(span, capGroupOf(spec, person.id), caps, { ...world, related, id });
  return over === null ? null : { ok: false, fault: over };
}

function grantOf(
  { spec, tier, policyVersion }: Pick<GrantedDetails, 'spec' | 'policyVersion'> & { readonly tier: BreakGlassTier },
  notBeforeMs: number,
  notAfterMs: number,
): GrantedDetails {
  const { strength, reviewWithinMs, confirm: mode } = tier;
  const bounds = { spec, strength, notBeforeMs, notAfterMs, drainMs: 0, policyVersion, reviewWithinMs };
  return { ...bounds, approvers: [], confirm: mode };
}
