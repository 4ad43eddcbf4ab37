import { type DestinationClass, destinationClasses, type Target } from '../destination/index.ts';
import { createClassIndex } from './lint/class-index.ts';
import type { DestinationsNode, PolicyTree, RuleNode, ServiceNode } from './nodes.ts';
import { ruleId } from './rule-id.ts';
import { environmentOf } from './space-index.ts';

/** A service as maps name it. */
export interface ServiceHome {
  readonly name: string;
  readonly owner: string;
  /** Null where its space has none. */
  readonly environment: string | null;
}

/** One entry of `allow`, or one member of the shared list that it names, with the strictest class of what it covers. */
export interface WayOut {
  readonly id: string;
  readonly service: string;
  readonly to: string;
  readonly class: DestinationClass;
  readonly owner: string;
  readonly reason: string;
  /** `payments.yaml:8`. */
  readonly at: string;
}

/** Services and what they are let out to, in order of place. `leftOut`: entries past the bound. */
export interface WaysOut {
  readonly services: readonly ServiceHome[];
  readonly ways: readonly WayOut[];
  readonly leftOut: number;
}

/** Lists every service of a policy, and the first `most` ways out of them, under the ids that verdicts carry. */
export function listWaysOut(tree: PolicyTree, most: number): WaysOut {
  const services = tree.documents.filter((document): document is ServiceNode => document.kind === 'service');
  const shared = tree.documents.filter((document): document is DestinationsNode => document.kind === 'destinations');
  const members = new Map(shared.map(({ name, members: all }) => [name, all.map(({ target }) => target)]));
  const classes = createClassIndex(shared);
  const classOf = (target: Target): DestinationClass => {
    const found = classes.classesOf(target);
    return destinationClasses.findLast((each) => found.has(each)) ?? 'ordinary';
  };
  const ways: WayOut[] = [];
  let leftOut = 0;
  for (const service of services) {
    for (const { rule, target, id } of targetsOf(service, members)) {
      if (ways.length < most) ways.push({ ...wayOf(service, rule), id, to: target.canonical, class: classOf(target) });
      else leftOut += 1;
    }
  }
  const homes = services.map((service) => ({
    name: service.name,
    owner: service.owner,
    environment: environmentOf(tree, service),
  }));
  return { services: homes, ways, leftOut };
}

function wayOf(
  { name, owner }: ServiceNode,
  { reason, at }: RuleNode,
): Pick<WayOut, 'service' | 'owner' | 'reason' | 'at'> {
  return { service: name, owner, reason, at: `${at.file}:${at.line}` };
}

function* targetsOf(
  { name, allow }: ServiceNode,
  members: ReadonlyMap<string, readonly Target[]>,
): Generator<{ readonly rule: RuleNode; readonly target: Target; readonly id: string }> {
  for (const rule of allow) {
    const { to } = rule;
    if (to.kind === 'target') yield { rule, target: to.target, id: ruleId(name, 'allow', to) };
    else
      for (const target of members.get(to.name) ?? [])
        yield { rule, target, id: ruleId(name, 'allow', to, target.canonical) };
  }
}
