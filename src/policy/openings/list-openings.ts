import { type Destination, type Target, targetCovers } from '../../destination/index.ts';
import { identityText } from '../documents/parse-identity.ts';
import type { PolicyDocument, PolicyTree, RuleNode, ServiceNode, SourceAt, UnattributedNode } from '../nodes.ts';
import { ruleId, unattributedServiceName } from '../rule-id.ts';

/**
 * One thing of a policy that lets something out. `rule`: an entry of `allow`, one for each member of a shared list. `observe`: a service whose
 * misses pass until a date; `unattributed`: sources that pass without an identity until a date. `untilMs` is epoch milliseconds.
 */
export interface PolicyOpening {
  readonly kind: 'rule' | 'observe' | 'unattributed';
  readonly id: string;
  readonly service: string;
  readonly identities: readonly string[];
  readonly to: string;
  readonly via: readonly string[];
  readonly owner: string;
  readonly reason: string;
  readonly at: SourceAt;
  readonly untilMs: number | null;
}

/** What is asked; null asks for all. Of several destinations one must be covered. */
export interface OpeningQuery {
  readonly service: string | null;
  readonly owner: string | null;
  readonly destinations: readonly Destination[] | null;
  readonly nowMs: number;
  readonly most: number;
}

/** Openings in order of place, and how many more there are. */
export interface PolicyOpenings {
  readonly openings: readonly PolicyOpening[];
  readonly leftOut: number;
}

/** Lists what a policy lets out by itself. A date that has passed opens nothing any more. */
export function listPolicyOpenings(tree: PolicyTree, query: OpeningQuery): PolicyOpenings {
  const members = new Map(
    tree.documents.flatMap((document) =>
      document.kind === 'destinations' ? [[document.name, document.members.map(({ target }) => target)] as const] : [],
    ),
  );
  const openings: PolicyOpening[] = [];
  let leftOut = 0;
  const take = (opening: PolicyOpening): void => {
    if (openings.length < query.most) openings.push(opening);
    else leftOut += 1;
  };
  for (const document of tree.documents) for (const opening of openingsOf(document, members, query)) take(opening);
  return { openings, leftOut };
}

function openingsOf(
  document: PolicyDocument,
  members: ReadonlyMap<string, readonly Target[]>,
  query: OpeningQuery,
): Iterable<PolicyOpening> {
  if (document.kind === 'service' && isAsked(query, document.name, document.owner)) {
    return serviceOpenings(document, members, query);
  }
  if (document.kind === 'unattributed' && isAsked(query, unattributedServiceName, document.owner)) {
    return unattributedOpenings(document, query);
  }
  return [];
}

function isAsked({ service, owner }: OpeningQuery, name: string, of: string): boolean {
  return (service === null || service === name) && (owner === null || owner === of);
}

function* serviceOpenings(
  service: ServiceNode,
  members: ReadonlyMap<string, readonly Target[]>,
  query: OpeningQuery,
): Generator<PolicyOpening> {
  const { name, owner, at } = service;
  const identities = service.identities.map(identityText);
  const common = { service: name, owner, identities };
  if (service.mode === 'observe' && (service.observeUntil ?? 0) > query.nowMs) {
    const until = service.observeUntil;
    yield {
      ...common,
      kind: 'observe',
      id: `${name}/observe`,
      to: '*',
      via: [],
      reason: 'observed',
      at,
      untilMs: until,
    };
  }
  for (const rule of service.allow) {
    for (const { target, id } of targetsOf(name, rule, members)) {
      if (!covers(query, target)) continue;
      const { via, reason, at: ruleAt } = rule;
      yield { ...common, kind: 'rule', id, to: target.canonical, via, reason, at: ruleAt, untilMs: null };
    }
  }
}

function targetsOf(
  service: string,
  { to }: RuleNode,
  members: ReadonlyMap<string, readonly Target[]>,
): readonly { readonly target: Target; readonly id: string }[] {
  if (to.kind === 'target') return [{ target: to.target, id: ruleId(service, 'allow', to) }];
  const targets = members.get(to.name) ?? [];
  return targets.map((target) => ({ target, id: ruleId(service, 'allow', to, target.canonical) }));
}

function covers({ destinations }: OpeningQuery, target: Target): boolean {
  return destinations === null || destinations.some((destination) => targetCovers(target, destination));
}

function* unattributedOpenings(document: UnattributedNode, { nowMs }: OpeningQuery): Generator<PolicyOpening> {
  const { sources, until, owner, reason, at } = document;
  if (until <= nowMs) return;
  for (const { text } of sources) {
    yield {
      kind: 'unattributed',
      id: `${unattributedServiceName}/${text}`,
      service: unattributedServiceName,
      identities: [`source:${text}`],
      to: '*',
      via: [],
      owner,
      reason,
      at,
      untilMs: until,
    };
  }
}
