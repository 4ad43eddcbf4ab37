import { parseIpAddress } from '../../destination/index.ts';
import { identify, type LeaseView, noLeases, type Principal } from '../../identity/index.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import { findRevoked } from '../find-revoked.ts';
import type { FlatView } from '../format/flat-view.ts';
import { owner, prefixWord, rangeWord, requireWord, termKind, termWord } from '../format/layout.ts';
import { OpenedPolicy } from '../open-policy.ts';
import { segmentHolds } from '../segment-rows.ts';
import type { DecisionFacts } from '../verdict.ts';
import {
  addCuts,
  addressAt,
  type Cuts,
  cellsOf,
  type Family,
  families,
  sortPlaces,
  spanOfBlock,
  wholeLine,
} from './address-line.ts';
import { SpanJoiner } from './join-spans.ts';

/** Source addresses that by themselves name one service. `from` and `to` are canonical text, both included. */
export interface SourceRun {
  readonly family: Family;
  readonly from: string;
  readonly to: string;
  readonly service: string;
  /** As `identify` names the first address. */
  readonly principal: Principal;
  /**
   * INVARIANT: of two runs with equal keys every question has the same answer, whoever of them asks. One service can have several: where an
   * identity is revoked or a grant is for one identity only, and where the boundary asks for sources that hold a part of it.
   */
  readonly key: string;
}

/** What tells runs of one service apart at this moment. `now` is epoch milliseconds. */
export interface SourceQuestion {
  readonly facts: DecisionFacts;
  readonly now: number;
}

/**
 * Which sources name which service when nothing is presented: runs that are apart, in order of family and address. The lines of addresses
 * are cut wherever a source of an identity (also inside `all:`), an unattributed source or a segment that the boundary asks sources
 * of begins or ends; `identify` is asked once for each cell. Addresses that name nobody, or two services, are in no run.
 */
export function sourcePlane(policy: CompiledPolicy, { facts, now }: SourceQuestion): readonly SourceRun[] {
  if (!(policy instanceof OpenedPolicy)) return [];
  const cuts = sourceCuts(policy.view, segmentsAskedFor(policy.view));
  const keyOf = createClassKeys(policy, { facts, now });
  const runs: SourceRun[] = [];
  for (const family of families) {
    const joiner = new SpanJoiner<{ readonly principal: Principal; readonly key: string }>();
    for (const cell of cellsOf(wholeLine[family], sortPlaces(cuts[family]))) {
      const principal = principalAt(policy, addressAt(family, cell.first).text, now);
      if (principal === null) continue;
      const key = keyOf(principal);
      joiner.add(cell, key, { principal, key });
    }
    for (const { span, value } of joiner.finish()) {
      const [from, to] = [addressAt(family, span.first).text, addressAt(family, span.last).text];
      runs.push({ family, from, to, service: value.principal.service, ...value });
    }
  }
  return runs;
}

/** Who has an address, as the runs of a plane say it of theirs. */
export type NamedSource = Pick<SourceRun, 'service' | 'principal' | 'key'>;

/** Names single addresses as {@link sourcePlane} does, with what leases say of them; null for nobody, and for two services. */
export function createSourceNamer(
  policy: CompiledPolicy,
  { facts, now }: SourceQuestion,
  leases: LeaseView,
): (source: string) => NamedSource | null {
  if (!(policy instanceof OpenedPolicy)) return () => null;
  const telling = { facts, named: identitiesWithGrants(facts), segments: segmentsAskedFor(policy.view) };
  return (source) => {
    const principal = principalAt(policy, source, now, leases);
    if (principal === null) return null;
    return { service: principal.service, principal, key: keyOf(policy, principal, telling) };
  };
}

function principalAt(
  policy: OpenedPolicy,
  source: string,
  now: number,
  leases: LeaseView = noLeases,
): Principal | null {
  const identification = identify(policy, { source, presented: [] }, now, leases);
  return identification.kind === 'identified' ? identification.principal : null;
}

/** What a decision can depend on beside the service: a revocation, the identities that grants name, the segments that are asked for. */
interface Telling {
  readonly facts: DecisionFacts;
  readonly named: ReadonlyMap<string, ReadonlySet<string>>;
  readonly segments: readonly number[];
}

/** Makes what tells principals of one service apart at a moment: of two with equal keys every question has the same answer. */
export function createClassKeys(policy: OpenedPolicy, { facts }: SourceQuestion): (principal: Principal) => string {
  const telling = { facts, named: identitiesWithGrants(facts), segments: segmentsAskedFor(policy.view) };
  return (principal) => keyOf(policy, principal, telling);
}

function keyOf(policy: OpenedPolicy, principal: Principal, { facts, named, segments }: Telling): string {
  const { service, identity, alsoProven = [], source } = principal;
  const isRevoked = findRevoked(policy.view, principal, facts.revokedIdentities) !== null;
  const granted = [identity, ...alsoProven].filter((text) => named.get(service)?.has(text)).sort();
  const address = source === null ? null : parseIpAddress(source);
  const held = address?.ok ? segments.filter((row) => segmentHolds(policy.view, row, address.value)) : [];
  return JSON.stringify([service, isRevoked, granted, held]);
}

function identitiesWithGrants({ grants }: DecisionFacts): ReadonlyMap<string, ReadonlySet<string>> {
  const named = new Map<string, Set<string>>();
  for (const { grant } of grants.byId.values()) {
    if (grant.identity === null) continue;
    const known = named.get(grant.service) ?? new Set();
    named.set(grant.service, known.add(grant.identity));
  }
  return named;
}

/** The rows of the segments that the boundary requires sources to be in. */
function segmentsAskedFor({ words, requires, lists }: FlatView): readonly number[] {
  const rows = new Set<number>();
  for (let at = requires.at; at < requires.at + requires.length; at += 4) {
    const list = lists.at + (words[at + requireWord.from] as number);
    const count = Math.min(words[at + requireWord.fromCount] as number, lists.length);
    for (let i = 0; i < count; i++) rows.add(words[list + i] as number);
  }
  return [...rows];
}

function sourceCuts(view: FlatView, segments: readonly number[]): Cuts {
  const { words, terms, prefixes, ranges } = view;
  const cuts: Cuts = { 4: [], 6: [] };
  const add = (family: number, length: number, at: number): void => {
    const known: Family = family === 4 ? 4 : 6;
    addCuts(cuts, known, spanOfBlock(known, length, words.subarray(at, at + 4)));
  };
  for (let at = terms.at; at < terms.at + terms.length; at += 10) {
    if (words[at + termWord.kind] !== termKind.source) continue;
    add(words[at + termWord.family] as number, words[at + termWord.length] as number, at + termWord.words);
  }
  for (let at = prefixes.at; at < prefixes.at + prefixes.length; at += 7) {
    const block = words[at + prefixWord.block] as number;
    if (words[at + prefixWord.owner] === owner.unattributed) add(block >>> 8, block & 255, at + prefixWord.words);
  }
  for (let at = ranges.at; segments.length > 0 && at < ranges.at + ranges.length; at += 6) {
    add(words[at + rangeWord.family] as number, words[at + rangeWord.length] as number, at + rangeWord.words);
  }
  return cuts;
}
