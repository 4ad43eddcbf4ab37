import {
  type Destination,
  hostText,
  isBelow,
  parsePolicyTarget,
  type Target,
  targetCovers,
} from '../destination/index.ts';
import { isAtLeast, type Principal } from '../identity/index.ts';
import type { Grant, GrantEnd } from './grant.ts';

/** The most grants that an index takes: past it the list is a mistake, and looking it through would delay decisions. */
export const maxGrants = 100_000;

/** A grant that ended before its time, or that ended by the clock before the clock was set anew. */
export interface EndedGrant {
  readonly id: string;
  readonly why: GrantEnd | 'expired';
}

/** Why a grant that covers what is asked does not count. */
export type GrantMiss =
  | 'strength_insufficient'
  | 'budget_spent'
  | 'grant_suspended'
  | 'grant_revoked'
  | 'grant_expired';

/** Why a grant counts no more. */
export type GrantOver = Exclude<GrantMiss, 'strength_insufficient'>;

/** A grant with its target read. */
export interface OpenedGrant {
  readonly grant: Grant;
  readonly target: Target;
}

/** Every grant that a point knows, found by service and host. Made by {@link openGrants}; nobody but `decide` reads it to judge a flow. */
export interface GrantIndex {
  readonly byId: ReadonlyMap<string, OpenedGrant>;
  /** @internal */
  readonly byService: ReadonlyMap<string, ServiceGrants>;
  /** Those that ended otherwise than by their time, known grants or not. */
  readonly ended: ReadonlyMap<string, GrantOver>;
}

/** The grants of one service. A wide block or a pattern is rare; what names one host is found by that. @internal */
export interface ServiceGrants {
  readonly hosts: Map<string, OpenedGrant[]>;
  readonly below: Map<string, OpenedGrant[]>;
  readonly blocks: OpenedGrant[];
}

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

/** No grants at all. */
export const noGrants: GrantIndex = { byId: new Map(), byService: new Map(), ended: new Map() };

/**
 * Opens a list of grants. What cannot be used justifies nothing and is left out: a target that does not parse or is for every name, an
 * id that was there before, what relaxes something that this version does not know, and everything past {@link maxGrants}.
 */
export function openGrants(list: readonly Grant[], ended: readonly EndedGrant[]): GrantIndex {
  const builder = createGrantIndexBuilder();
  builder.add(list);
  builder.end(ended);
  return builder.finish();
}

/** An index in the making, so that a long list can be opened in slices. */
export interface GrantIndexBuilder {
  add(grants: readonly Grant[]): void;
  end(ended: readonly EndedGrant[]): void;
  /** How many of those added were left out. */
  leftOut(): number;
  finish(): GrantIndex;
}

/** Makes an empty index to be filled. */
export function createGrantIndexBuilder(): GrantIndexBuilder {
  const byId = new Map<string, OpenedGrant>();
  const byService = new Map<string, ServiceGrants>();
  const over = new Map<string, GrantOver>();
  let left = 0;
  return {
    add: (grants) => {
      for (const grant of grants) {
        const opened = byId.size < maxGrants && !byId.has(grant.id) ? openGrant(grant) : null;
        if (opened === null) left += 1;
        else {
          byId.set(grant.id, opened);
          placeGrant(byService, opened);
        }
      }
    },
    end: (ended) => {
      for (const { id, why } of ended) over.set(id, overOf[why]);
    },
    leftOut: () => left,
    finish: () => ({ byId, byService, ended: over }),
  };
}

/** The same index with more grants; those that it knows already stay as they are. Costs a copy of the index. */
export function withGrants(index: GrantIndex, grants: readonly Grant[]): GrantIndex {
  const more = grants.filter(({ id }) => !index.byId.has(id));
  if (more.length === 0) return index;
  const byId = new Map(index.byId);
  const byService = new Map(index.byService);
  for (const service of new Set(more.map((grant) => grant.service)))
    byService.set(service, copyOf(byService.get(service)));
  for (const grant of more) {
    const opened = openGrant(grant);
    if (opened === null || byId.has(grant.id)) continue;
    byId.set(grant.id, opened);
    placeGrant(byService, opened);
  }
  return { ...index, byId, byService };
}

/** The same index with more grants ended; what an index says of others does not change. */
export function withEnded(index: GrantIndex, ended: readonly EndedGrant[]): GrantIndex {
  if (ended.length === 0) return index;
  const more = new Map<string, GrantOver>();
  for (const { id, why } of ended) more.set(id, overOf[why]);
  // What a list says of an end stands: it knows why.
  return { ...index, ended: new Map([...more, ...index.ended]) };
}

/**
 * Why a grant counts no more: null while it counts (or waits for its start). A grant that the index does not know was taken out of
 * the list: `grant_revoked`.
 */
export function endOfGrant(index: GrantIndex, id: string, now: number, spent: ReadonlySet<string>): GrantOver | null {
  const ended = index.ended.get(id);
  if (ended !== undefined) return ended;
  const opened = index.byId.get(id);
  if (opened === undefined) return 'grant_revoked';
  if (now >= opened.grant.notAfter) return 'grant_expired';
  return spent.has(id) ? 'budget_spent' : null;
}

/** Finds the grants of a service that cover a destination for one of its identities. */
export function findGrants(index: GrantIndex, question: GrantQuestion): GrantsFound {
  const ofService = index.byService.get(question.principal.service);
  return ofService === undefined ? nothingFound : judgeGrants(index, ofService, question);
}

const nothingFound: GrantsFound = { live: [], miss: null };

const overOf: Readonly<Record<EndedGrant['why'], GrantOver>> = {
  revoked: 'grant_revoked',
  suspended: 'grant_suspended',
  expired: 'grant_expired',
};

/** What is told when several do not count: first what the asker can mend alone, then what is nearest to counting again. */
const missOrder: readonly GrantMiss[] = [
  'strength_insufficient',
  'budget_spent',
  'grant_suspended',
  'grant_revoked',
  'grant_expired',
];

function openGrant(grant: Grant): OpenedGrant | null {
  const target = parsePolicyTarget(grant.to);
  if (!target.ok || grant.relaxes !== 'reach') return null;
  const { host } = target.value;
  // Nobody is granted everywhere: that would be the end of default deny.
  if (host.kind === 'any-name' || (host.kind === 'prefix' && host.prefix.length === 0)) return null;
  return { grant, target: target.value };
}

function copyOf(of: ServiceGrants | undefined): ServiceGrants {
  const lists = (map: ReadonlyMap<string, OpenedGrant[]>): Map<string, OpenedGrant[]> =>
    new Map([...map].map(([key, list]) => [key, [...list]]));
  return of === undefined
    ? { hosts: new Map(), below: new Map(), blocks: [] }
    : { hosts: lists(of.hosts), below: lists(of.below), blocks: [...of.blocks] };
}

function placeGrant(byService: Map<string, ServiceGrants>, opened: OpenedGrant): void {
  const { service } = opened.grant;
  const ofService = byService.get(service) ?? copyOf(undefined);
  byService.set(service, ofService);
  const { host } = opened.target;
  if (host.kind === 'name') push(ofService.hosts, host.name, opened);
  else if (host.kind === 'below') push(ofService.below, host.name, opened);
  else if (host.kind === 'prefix' && host.prefix.length === (host.prefix.first.family === 4 ? 32 : 128)) {
    push(ofService.hosts, host.prefix.first.text, opened);
  } else ofService.blocks.push(opened);
}

function push(map: Map<string, OpenedGrant[]>, key: string, opened: OpenedGrant): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [opened]);
  else list.push(opened);
}

function judgeGrants(index: GrantIndex, ofService: ServiceGrants, question: GrantQuestion): GrantsFound {
  const live: OpenedGrant[] = [];
  let miss: GrantsFound['miss'] = null;
  for (const opened of candidates(ofService, question.destination)) {
    if (!covers(opened, question)) continue;
    const state = stateOf(index, opened, question);
    if (state === 'live') live.push(opened);
    else if (state !== 'waiting' && (miss === null || isTold(state, miss.reason))) {
      miss = { reason: state, id: opened.grant.id };
    }
  }
  return { live: live.length > 1 ? live.sort(byTimeLeft) : live, miss: live.length > 0 ? null : miss };
}

function* candidates({ hosts, below, blocks }: ServiceGrants, { host }: Destination): Iterable<OpenedGrant> {
  yield* hosts.get(hostText(host)) ?? [];
  if (host.kind === 'address') yield* blocks;
  else if (below.size > 0) {
    for (let dot = host.name.indexOf('.'); dot >= 0; dot = host.name.indexOf('.', dot + 1)) {
      const parent = host.name.slice(dot + 1);
      if (isBelow(host.name, parent)) yield* below.get(parent) ?? [];
    }
  }
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
