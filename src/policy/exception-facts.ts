import {
  classifyAddress,
  type DestinationClass,
  destinationClasses,
  findPlatformName,
  type HostPattern,
  registrableDomain,
  type Target,
} from '../destination/index.ts';
import { identityText } from './documents/parse-identity.ts';
import { type ClassIndex, createClassIndex } from './lint/class-index.ts';
import { addEntry, type EntryIndex, findCover } from './lint/entry-index.ts';
import { coveringKeys, ownKey, portsMeet } from './lint/target-index.ts';
import type { DestinationsNode, PolicyTree, RuleNode, ServiceNode } from './nodes.ts';
import { defaultTiers, type Tiers } from './tiers.ts';

/** What a policy says of somebody who asks for an exception: plain data for one service and one target. */
export interface ExceptionFacts {
  readonly policyVersion: string;
  readonly tiers: Tiers;
  /** The service with its identities in the policy's spelling, null where the policy has none of that name. */
  readonly service: {
    readonly name: string;
    readonly owner: string;
    readonly identities: readonly string[];
  } | null;
  readonly target: TargetFacts;
  /** The segments that the policy defines. */
  readonly segments: readonly string[];
}

/** What a policy says of a target, whoever asks. */
export interface TargetFacts {
  /** Why nobody may be granted it, null where it is inside the boundary. */
  readonly outside: string | null;
  /** The strictest class of anything that it names. */
  readonly class: DestinationClass;
  /** The owners of the `destinations` documents that name all of it. */
  readonly owners: readonly string[];
  /** Whether a rule or a shared list names anything under the same registrable domain. */
  readonly isKnownDomain: boolean;
}

/** Answers for a policy, as often as asked. */
export type FindExceptionFacts = (asked: {
  readonly service: string;
  readonly target: Target;
  readonly via: readonly string[];
}) => ExceptionFacts;

/**
 * Indexes a tree, so that each question is a few look-ups. `policyVersion` is that of the tree. What the boundary denies in part is inside
 * it: `decide` refuses that part whatever a grant says.
 */
export function createExceptionFacts(tree: PolicyTree, policyVersion: string): FindExceptionFacts {
  const known = indexTree(tree);
  const tiers = tiersOf(tree);
  return ({ service, target, via }) => {
    const node = known.services.get(service);
    return {
      policyVersion,
      tiers,
      service: node === undefined ? null : summaryOf(node),
      target: {
        outside: whyOutside(target, via, known.boundary),
        class: strictestClass(known.classes, target),
        owners: ownersOf(known.owners, target),
        isKnownDomain: isKnownDomain(known.domains, target.host),
      },
      segments: known.segments,
    };
  };
}

/** The tiers of a tree: those of its `tiers` document, or `defaultTiers`. */
export function tiersOf(tree: PolicyTree): Tiers {
  for (const document of tree.documents) if (document.kind === 'tiers') return document.tiers;
  return defaultTiers;
}

interface Known {
  readonly services: ReadonlyMap<string, ServiceNode>;
  readonly segments: readonly string[];
  readonly boundary: EntryIndex;
  readonly classes: ClassIndex;
  readonly owners: OwnerIndex;
  readonly domains: ReadonlySet<string>;
}

type OwnerIndex = Map<string, { readonly target: Target; readonly owner: string }[]>;

function indexTree(tree: PolicyTree): Known {
  const services = new Map<string, ServiceNode>();
  const shared = new Map<string, DestinationsNode>();
  const segments: string[] = [];
  for (const document of tree.documents) {
    if (document.kind === 'service') services.set(document.name, document);
    if (document.kind === 'destinations') shared.set(document.name, document);
    if (document.kind === 'segments') segments.push(...document.segments.map(({ name }) => name));
  }
  const targets = (rule: RuleNode): readonly Target[] =>
    rule.to.kind === 'target'
      ? [rule.to.target]
      : (shared.get(rule.to.name)?.members ?? []).map(({ target }) => target);
  return {
    services,
    segments,
    boundary: indexBoundary(tree, targets),
    classes: createClassIndex(shared.values()),
    owners: indexOwners(shared.values()),
    domains: indexDomains(services.values(), shared.values()),
  };
}

function indexBoundary(tree: PolicyTree, targets: (rule: RuleNode) => readonly Target[]): EntryIndex {
  const index: EntryIndex = new Map();
  for (const document of tree.documents) {
    if (document.kind !== 'boundary') continue;
    for (const rule of document.deny) for (const target of targets(rule)) addEntry(index, { target, rule });
  }
  return index;
}

function indexOwners(documents: Iterable<DestinationsNode>): OwnerIndex {
  const index: OwnerIndex = new Map();
  for (const { members, owner } of documents)
    for (const { target } of members) {
      const key = ownKey(target.host);
      const listed = index.get(key);
      if (listed === undefined) index.set(key, [{ target, owner }]);
      else listed.push({ target, owner });
    }
  return index;
}

function indexDomains(services: Iterable<ServiceNode>, shared: Iterable<DestinationsNode>): ReadonlySet<string> {
  const domains = new Set<string>();
  const note = ({ host }: Target): void => {
    const domain = domainOf(host);
    if (domain !== null) domains.add(domain);
  };
  for (const { allow } of services) for (const { to } of allow) if (to.kind === 'target') note(to.target);
  for (const { members } of shared) for (const { target } of members) note(target);
  return domains;
}

function domainOf(host: HostPattern): string | null {
  return host.kind === 'name' || host.kind === 'below' ? (registrableDomain(host.name) ?? host.name) : null;
}

function summaryOf({ name, owner, identities }: ServiceNode): ExceptionFacts['service'] {
  return { name, owner, identities: identities.map(identityText) };
}

function whyOutside(target: Target, via: readonly string[], boundary: EntryIndex): string | null {
  const { host } = target;
  const platform = host.kind === 'name' || host.kind === 'below' ? findPlatformName(host.name) : null;
  if (platform !== null) return platform.what;
  if (host.kind === 'prefix') {
    const { kind, row } = classifyAddress(host.prefix.first);
    if (kind === 'forbidden' || (kind === 'private' && via.length === 0)) return row?.name ?? 'a special address';
  }
  return findCover(target, boundary, () => true)?.rule?.reason ?? null;
}

function strictestClass(classes: ClassIndex, target: Target): DestinationClass {
  const found = classes.classesOf(target);
  return destinationClasses.findLast((each) => found.has(each)) ?? 'ordinary';
}

function ownersOf(index: OwnerIndex, target: Target): readonly string[] {
  const owners = new Set<string>();
  for (const key of coveringKeys(target.host))
    for (const entry of index.get(key) ?? []) if (portsMeet(entry.target.ports, target.ports)) owners.add(entry.owner);
  return [...owners].sort();
}

function isKnownDomain(domains: ReadonlySet<string>, host: HostPattern): boolean {
  const domain = domainOf(host);
  return domain !== null && domains.has(domain);
}
