import type { ApproverKind, ExceptionFacts, Tier, Tiers } from '../../policy/index.ts';
import { type LinkedPeople, linkPeople } from '../people/linked-people.ts';
import type { Person } from '../people/person.ts';
import type { AnyTierName, ExceptionState } from './exception-state.ts';
import type { World } from './world.ts';

/** The people around one request: who is involved, who may decide. */
export interface Electorate {
  readonly links: LinkedPeople;
  /** Whether somebody asked, edited or benefits, or is linked to one who did. */
  isInvolved(person: string): boolean;
  /** Whether somebody may approve: active, named by the tier, not involved. */
  isEligible(person: string): boolean;
  /** Everybody who may approve, linked people once. */
  countEligible(): number;
}

/** The tier of a state as its policy has it. Break-glass is resumed by those who approve the strictest one. */
export function approvalTier(tier: AnyTierName, tiers: Tiers): Tier {
  return tiers[tier === 'break-glass' ? 'high' : tier];
}

/**
 * The people around a request now.
 * INVARIANT: nobody approves their own: not who asked, edited or benefits, and nobody who is linked to one of them.
 */
export function electorateOf(state: ExceptionState, facts: ExceptionFacts, world: World, tier: Tier): Electorate {
  const { people } = world.directory;
  const links = linkPeople(world.directory, world.nowMs);
  const involved = new Set(involvedIn(state).map(links.componentOf));
  const isInvolved = (person: string): boolean => involved.has(links.componentOf(person));
  const isEligible = (id: string): boolean => {
    const person = people.get(id);
    return person !== undefined && isActive(person) && mayApprove(person, facts, tier) && !isInvolved(id);
  };
  return {
    links,
    isInvolved,
    isEligible,
    countEligible: () => new Set([...people.keys()].filter(isEligible).map(links.componentOf)).size,
  };
}

/** Everybody who asked for it in some way. */
export function involvedIn({ requester, editors, spec }: ExceptionState): readonly string[] {
  return [requester, ...editors, spec.beneficiary];
}

/** Whether a tier names somebody, by a role or as one who acts for an owner. */
export function mayApprove(person: Person, facts: ExceptionFacts, { approvers }: Tier): boolean {
  return approvers.some((kind) => isOfKind(person, kind, facts));
}

function isOfKind({ roles, owns }: Person, kind: ApproverKind, { service, target }: ExceptionFacts): boolean {
  switch (kind) {
    case 'approver':
    case 'security':
      return roles.includes(kind);
    case 'service-owner':
      return service !== null && owns.includes(service.owner);
    case 'destination-owner':
      return target.owners.some((owner) => owns.includes(owner));
    default:
      return kind satisfies never;
  }
}

/** Whether somebody lost something by which tiers name approvers: a role that approves, or an owner whom they act for. */
export function isDemotion(before: Pick<Person, 'roles' | 'owns'>, after: Pick<Person, 'roles' | 'owns'>): boolean {
  const approving = ['approver', 'security'] as const;
  return (
    approving.some((role) => before.roles.includes(role) && !after.roles.includes(role)) ||
    before.owns.some((owner) => !after.owns.includes(owner))
  );
}

/** Whether an account may act. */
export function isActive(person: Person | undefined): boolean {
  return person !== undefined && person.disabledAtMs === null;
}

/** Whether an active person acts for an owner of the policy. */
export function hasActiveOwner(owner: string, people: ReadonlyMap<string, Person>): boolean {
  for (const person of people.values()) if (isActive(person) && person.owns.includes(owner)) return true;
  return false;
}
