import { parsePolicyTarget, type Target } from '../destination/index.ts';
import type { Grant, GrantEnd } from './grant.ts';

/** The most grants that an index takes: past it the list is a mistake, and looking it through would delay decisions. */
export const maxGrants = 100_000;

/** A grant that ended before its time, or that ended by the clock before the clock was set anew. */
export interface EndedGrant {
  readonly id: string;
  readonly why: GrantEnd | 'expired';
}

/** Why a grant counts no more. */
export type GrantOver = 'budget_spent' | 'grant_suspended' | 'grant_revoked' | 'grant_expired';

/** A grant with its target read. */
export interface OpenedGrant {
  readonly grant: Grant;
  readonly target: Target;
}

/** Grants under a key, by service. */
type ByService = ReadonlyMap<string, readonly OpenedGrant[]>;

/**
 * Every grant that a point knows, found by host and service: most of what no rule covers no grant covers either, and that takes one look-up.
 * Made by {@link openGrants}; nobody but `decide` reads it to judge a flow.
 */
export interface GrantIndex {
  readonly byId: ReadonlyMap<string, OpenedGrant>;
  /** Those for one name or one address. @internal */
  readonly hosts: ReadonlyMap<string, ByService>;
  /** Those for the names below one. @internal */
  readonly below: ReadonlyMap<string, ByService>;
  /** Those for a block of addresses. @internal */
  readonly blocks: ByService;
  /** Those that ended otherwise than by their time, known grants or not. */
  readonly ended: ReadonlyMap<string, GrantOver>;
}

/** No grants at all. */
export const noGrants: GrantIndex = {
  byId: new Map(),
  hosts: new Map(),
  below: new Map(),
  blocks: new Map(),
  ended: new Map(),
};

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
  const places: Places = { byId: new Map(), hosts: new Map(), below: new Map(), blocks: new Map() };
  const over = new Map<string, GrantOver>();
  let left = 0;
  return {
    add: (grants) => {
      for (const grant of grants) {
        const opened = places.byId.size < maxGrants ? openGrant(grant) : null;
        if (opened === null || !placeGrant(places, opened)) left += 1;
      }
    },
    end: (ended) => {
      for (const { id, why } of ended) over.set(id, overOf[why]);
    },
    leftOut: () => left,
    finish: () => ({ ...places, ended: over }),
  };
}

/** The same index with more grants; those that it knows already stay as they are. Costs a copy of the index. */
export function withGrants(index: GrantIndex, grants: readonly Grant[]): GrantIndex {
  const more = grants.filter(({ id }) => !index.byId.has(id)).flatMap((grant) => openGrant(grant) ?? []);
  if (more.length === 0) return index;
  const places: Places = {
    byId: new Map(index.byId),
    hosts: copyOf(index.hosts),
    below: copyOf(index.below),
    blocks: listsOf(index.blocks),
  };
  for (const opened of more) placeGrant(places, opened);
  return { ...places, ended: index.ended };
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

/**
 * Until when (epoch milliseconds) what lives by a grant may go on: its end and the time to finish, as long as that is all that ended it.
 * Null where it counts no more for another reason, or is not known.
 */
export function drainEndOfGrant(index: GrantIndex, id: string, spent: ReadonlySet<string>): number | null {
  const opened = index.byId.get(id);
  if (opened === undefined || index.ended.has(id) || spent.has(id)) return null;
  return opened.grant.notAfter + opened.grant.drainMs;
}

const overOf: Readonly<Record<EndedGrant['why'], GrantOver>> = {
  revoked: 'grant_revoked',
  suspended: 'grant_suspended',
  expired: 'grant_expired',
};

function openGrant(grant: Grant): OpenedGrant | null {
  const target = parsePolicyTarget(grant.to);
  if (!target.ok || grant.relaxes !== 'reach') return null;
  const { host } = target.value;
  // Nobody is granted everywhere: that would be the end of default deny.
  if (host.kind === 'any-name' || (host.kind === 'prefix' && host.prefix.length === 0)) return null;
  return { grant, target: target.value };
}

/** An index while it is filled. */
interface Places {
  readonly byId: Map<string, OpenedGrant>;
  readonly hosts: Map<string, Map<string, OpenedGrant[]>>;
  readonly below: Map<string, Map<string, OpenedGrant[]>>;
  readonly blocks: Map<string, OpenedGrant[]>;
}

function copyOf(keyed: GrantIndex['hosts']): Places['hosts'] {
  return new Map([...keyed].map(([key, byService]) => [key, listsOf(byService)]));
}

function listsOf(byService: ByService): Map<string, OpenedGrant[]> {
  return new Map([...byService].map(([service, list]) => [service, [...list]]));
}

// False: the id was there before.
function placeGrant(places: Places, opened: OpenedGrant): boolean {
  const { id, service } = opened.grant;
  if (places.byId.has(id)) return false;
  places.byId.set(id, opened);
  const { host } = opened.target;
  if (host.kind === 'name') push(keyed(places.hosts, host.name), service, opened);
  else if (host.kind === 'below') push(keyed(places.below, host.name), service, opened);
  else if (host.kind === 'prefix' && host.prefix.length === (host.prefix.first.family === 4 ? 32 : 128)) {
    push(keyed(places.hosts, host.prefix.first.text), service, opened);
  } else push(places.blocks, service, opened);
  return true;
}

function keyed(map: Places['hosts'], key: string): Map<string, OpenedGrant[]> {
  const known = map.get(key) ?? new Map<string, OpenedGrant[]>();
  map.set(key, known);
  return known;
}

function push(map: Map<string, OpenedGrant[]>, service: string, opened: OpenedGrant): void {
  const list = map.get(service);
  if (list === undefined) map.set(service, [opened]);
  else list.push(opened);
}
