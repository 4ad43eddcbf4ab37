import { type Destination, hostText, targetCovers } from '../destination/index.ts';
import { isAtLeast, type Principal } from '../identity/index.ts';
import { endOfGrant, type GrantIndex, type GrantOver, type OpenedGrant } from './grant-index.ts';

/** Why a grant that covers what is asked does not count. */
export type GrantMiss = GrantOver | 'strength_insufficient';

/** What is asked of an index: the question of a decision, and which budgets are spent. */
export interface GrantQuestion {
  readonly principal: Principal;
  readonly destination: Destination;
  readonly now: number;
  readonly spent: ReadonlySet<string>;
}

/** What an index answers: the grants that count, the one with most time left first; or else why those that cover it do not. */
export interface GrantsFound {
  readonly live: readonly OpenedGrant[];
  readonly miss: { readonly reason: GrantMiss; readonly id: string } | null;
}

/** Finds the grants of a service that cover a destination for one of its identities. */
export function findGrants(index: GrantIndex, question: GrantQuestion): GrantsFound {
  const { service } = question.principal;
  const { host } = question.destination;
  const exact = index.hosts.get(hostText(host))?.get(service);
  const wider = host.kind === 'address' ? index.blocks.get(service) : findBelow(index, host.name, service);
  if (exact === undefined && wider === undefined) return nothingFound;
  return judgeGrants(index, question, wider === undefined ? (exact ?? none) : [...(exact ?? none), ...wider]);
}

const none: readonly OpenedGrant[] = [];
const nothingFound: GrantsFound = { live: [], miss: null };

/** What is told when several do not count: first what the asker can mend alone, then what is nearest to counting again. */
const missOrder: readonly GrantMiss[] = [
  'strength_insufficient',
  'budget_spent',
  'grant_suspended',
  'grant_revoked',
  'grant_expired',
];

function findBelow({ below }: GrantIndex, name: string, service: string): readonly OpenedGrant[] | undefined {
  if (below.size === 0) return undefined;
  let found: readonly OpenedGrant[] | undefined;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const list = below.get(name.slice(dot + 1))?.get(service);
    if (list !== undefined) found = found === undefined ? list : [...found, ...list];
  }
  return found;
}

function judgeGrants(index: GrantIndex, question: GrantQuestion, candidates: readonly OpenedGrant[]): GrantsFound {
  const live: OpenedGrant[] = [];
  let miss: GrantsFound['miss'] = null;
  for (const opened of candidates) {
    if (!covers(opened, question)) continue;
    const state = stateOf(index, opened, question);
    if (state === 'live') live.push(opened);
    else if (state !== 'waiting' && (miss === null || isTold(state, miss.reason))) {
      miss = { reason: state, id: opened.grant.id };
    }
  }
  return { live: live.length > 1 ? live.sort(byTimeLeft) : live, miss: live.length > 0 ? null : miss };
}

function covers({ grant, target }: OpenedGrant, { principal, destination }: GrantQuestion): boolean {
  const { identity } = grant;
  const isTheirs = identity === null || identity === principal.identity || principal.alsoProven?.includes(identity);
  return isTheirs === true && targetCovers(target, destination);
}

function stateOf(
  index: GrantIndex,
  { grant }: OpenedGrant,
  { principal, now, spent }: GrantQuestion,
): GrantMiss | 'live' | 'waiting' {
  const over = endOfGrant(index, grant.id, now, spent);
  if (over !== null) return over;
  if (now < grant.notBefore) return 'waiting';
  return grant.strength === null || isAtLeast(principal.strength, grant.strength) ? 'live' : 'strength_insufficient';
}

function isTold(state: GrantMiss, before: GrantMiss): boolean {
  return missOrder.indexOf(state) < missOrder.indexOf(before);
}

// Ids break ties, so that the order of a list says nothing.
function byTimeLeft(one: OpenedGrant, other: OpenedGrant): number {
  return other.grant.notAfter - one.grant.notAfter || (one.grant.id < other.grant.id ? -1 : 1);
}
