import { type DestinationClass, destinationClasses, type PortRange, type Target } from '../../destination/index.ts';
import type { DestinationsNode } from '../nodes.ts';
import { coveringKeys, ownKey, portsMeet } from './target-index.ts';

/** Which classes of destination a target can reach, however it is written. */
export interface ClassIndex {
  /** Every class but `ordinary` that the target meets in host and port. */
  classesOf(target: Target): ReadonlySet<DestinationClass>;
}

type PortsByClass = Map<DestinationClass, PortRange[]>;

const none: ReadonlySet<DestinationClass> = new Set();
const allPorts: PortRange = { first: 1, last: 65535 };

/** Beyond so many ranges for one key and class, every port is taken to be meant: bounded, and never too lax. */
const maxRanges = 64;

/** Indexes the members of every document that has a class, so that each target is judged by a few look-ups. */
export function createClassIndex(documents: Iterable<DestinationsNode>): ClassIndex {
  const atKey = new Map<string, PortsByClass>();
  const belowKey = new Map<string, PortsByClass>();
  for (const document of documents) {
    if (document.class === 'ordinary') continue;
    for (const { target } of document.members) {
      note(atKey, ownKey(target.host), document.class, target.ports);
      for (const key of coveringKeys(target.host)) note(belowKey, key, document.class, target.ports);
    }
  }
  if (atKey.size === 0) return { classesOf: () => none };
  return { classesOf: (target) => findClasses(target, atKey, belowKey) };
}

/** Members above the target (or equal) are found by the target's keys; members below it are noted under its own key. */
function findClasses(
  target: Target,
  atKey: ReadonlyMap<string, PortsByClass>,
  belowKey: ReadonlyMap<string, PortsByClass>,
): ReadonlySet<DestinationClass> {
  const found = new Set<DestinationClass>();
  for (const key of coveringKeys(target.host)) collect(atKey.get(key), target.ports, found);
  collect(belowKey.get(ownKey(target.host)), target.ports, found);
  return found;
}

function collect(ports: PortsByClass | undefined, wanted: readonly PortRange[], found: Set<DestinationClass>): void {
  if (ports === undefined) return;
  for (const destinationClass of destinationClasses)
    if (portsMeet(ports.get(destinationClass) ?? [], wanted)) found.add(destinationClass);
}

function note(
  index: Map<string, PortsByClass>,
  key: string,
  destinationClass: DestinationClass,
  ports: readonly PortRange[],
): void {
  const byClass: PortsByClass = index.get(key) ?? new Map();
  index.set(key, byClass);
  const ranges = byClass.get(destinationClass) ?? [];
  byClass.set(destinationClass, ranges);
  for (const port of ports) {
    if (ranges.some(({ first, last }) => first <= port.first && port.last <= last)) continue;
    if (ranges.length >= maxRanges) ranges.splice(0, ranges.length, allPorts);
    else ranges.push(port);
  }
}
