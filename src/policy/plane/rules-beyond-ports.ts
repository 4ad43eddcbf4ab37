import type { CompiledPolicy } from '../compiled-policy.ts';
import { protocolCodes } from '../format/codes.ts';
import { type FlatView, readText } from '../format/flat-view.ts';
import type { KeyTable } from '../format/key-table.ts';
import {
  groupRefWord,
  matchFlag,
  matchWord,
  none,
  owner,
  ownerWord,
  prefixWord,
  serviceWord,
  slotWord,
  slotWords,
} from '../format/layout.ts';
import { firstMatch, matchPlace, walkSpan } from '../format/lookup.ts';
import { OpenedPolicy } from '../open-policy.ts';
import { pairId } from '../policy-verdict.ts';
import { type PortRun, portsOfMatch } from './port-cuts.ts';

/** An allow rule for `tls` or `http` with ports that are not read by name: a transparent gateway cannot carry it there. */
export interface BeyondPorts {
  /** As in verdicts, with its member where it refers to a destinations document. */
  readonly id: string;
  readonly service: string;
  readonly protocol: 'tls' | 'http';
  /** Its ports that are not read by name. */
  readonly ports: readonly PortRun[];
  /** Whether none of its ports is: then only the proxy carries it. */
  readonly isWhole: boolean;
}

/** Status pages show some of them; a number tells the rest. */
const mostByDefault = 1_000;

/**
 * Finds the allow rules for `tls` and `http` whose ports are not all in `namePorts`, those that a transparent listener reads names at. At most
 * `most` are given, with the number of the rest. Reads the whole policy: for people and at start, not for traffic.
 */
export function findRulesBeyondPorts(
  policy: CompiledPolicy,
  namePorts: readonly number[],
  most: number = mostByDefault,
): { readonly rules: readonly BeyondPorts[]; readonly leftOut: number } {
  const rules: BeyondPorts[] = [];
  let leftOut = 0;
  if (!(policy instanceof OpenedPolicy)) return { rules, leftOut };
  for (const { ownerIndex, match, member } of allowsOf(policy.view)) {
    const found = beyond(policy, member < 0 ? match : member, namePorts);
    if (found === null) continue;
    if (rules.length === most) {
      leftOut += 1;
      continue;
    }
    const name = policy.serviceWord(ownerIndex - owner.firstService, serviceWord.name);
    rules.push({ id: pairId(policy, match, member), service: readText(policy.view, name), ...found });
  }
  return { rules: rules.sort((one, other) => (one.id < other.id ? -1 : 1)), leftOut };
}

function beyond(
  { view }: OpenedPolicy,
  target: number,
  namePorts: readonly number[],
): Pick<BeyondPorts, 'protocol' | 'ports' | 'isWhole'> | null {
  const protocol = protocolCodes[(view.words[target + matchWord.flags] as number) & matchFlag.protocolMask];
  if (protocol !== 'tls' && protocol !== 'http') return null;
  const listed = portsOfMatch(view, target);
  const ports = listed.flatMap(({ first, last }) => [...without(first, last, namePorts)]);
  if (ports.length === 0) return null;
  const isRead = (port: number): boolean => listed.some(({ first, last }) => port >= first && port <= last);
  return { protocol, ports, isWhole: !namePorts.some(isRead) };
}

/** A range without some ports. */
function* without(first: number, last: number, ports: readonly number[]): Generator<PortRun> {
  let from = first;
  for (const port of ports.toSorted((one, other) => one - other)) {
    if (port < from || port > last) continue;
    if (port > from) yield { from, to: port - 1 };
    from = port + 1;
  }
  if (from <= last) yield { from, to: last };
}

interface Allow {
  readonly ownerIndex: number;
  readonly match: number;
  /** -1 where the rule names its target itself. */
  readonly member: number;
}

/** Every allow of every service, those that refer to a document once for each member. */
function* allowsOf(view: FlatView): Generator<Allow> {
  const members = new Map<number, number[]>();
  for (const { ownerIndex, first } of keysOf(view)) {
    const matches: number[] = [];
    walkSpan(view, first, (match) => matches.push(match));
    for (const match of matches) {
      if (ownerIndex === owner.members) push(members, view.words[match + matchWord.extra] as number, match);
      else if (ownerIndex >= owner.firstService && isAllow(view, match)) yield { ownerIndex, match, member: -1 };
    }
  }
  yield* referredAllows(view, members);
}

function* referredAllows(view: FlatView, members: ReadonlyMap<number, readonly number[]>): Generator<Allow> {
  const { words, groupRefSlots } = view;
  for (let at = groupRefSlots.at; at < groupRefSlots.at + groupRefSlots.length; at += 4) {
    const ownerIndex = words[at + groupRefWord.owner] as number;
    const value = words[at + groupRefWord.value] as number;
    if (value === 0 || ownerIndex < owner.firstService) continue;
    const matches: number[] = [];
    walkSpan(view, matchPlace(view, value - 1), (match) => matches.push(match));
    for (const match of matches.filter((each) => isAllow(view, each))) {
      for (const member of members.get(words[at + groupRefWord.group] as number) ?? []) {
        yield { ownerIndex, match, member };
      }
    }
  }
}

interface OwnedKey {
  readonly ownerIndex: number;
  /** The place of its first match. */
  readonly first: number;
}

/** Every key of the members and the services, and some of others. */
function* keysOf(view: FlatView): Generator<OwnedKey> {
  yield* textKeys(view, view.shared);
  yield* textKeys(view, view.keys);
  yield* blockKeys(view);
  const { words, owners } = view;
  for (let ownerIndex = 0; ownerIndex < owners.length / 4; ownerIndex++) {
    const any = words[owners.at + ownerIndex * 4 + ownerWord.anySpan] as number;
    if (any !== none) yield { ownerIndex, first: matchPlace(view, any) };
  }
}

function* textKeys(view: FlatView, { at: begin, end }: KeyTable): Generator<OwnedKey> {
  for (let at = begin; at < end; at += slotWords) {
    const key = view.words[at + slotWord.key] as number;
    if (key !== 0) yield { ownerIndex: key >>> 9, first: firstMatch(view, at) };
  }
}

function* blockKeys(view: FlatView): Generator<OwnedKey> {
  const { words, prefixes } = view;
  for (let at = prefixes.at; at < prefixes.at + prefixes.length; at += 7) {
    const ownerIndex = words[at + prefixWord.owner] as number;
    const hasMatches = ownerIndex <= owner.members || ownerIndex >= owner.firstService;
    if (hasMatches) yield { ownerIndex, first: matchPlace(view, words[at + prefixWord.value] as number) };
  }
}

function isAllow(view: FlatView, match: number): boolean {
  return ((view.words[match + matchWord.flags] as number) & matchFlag.deny) === 0;
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
