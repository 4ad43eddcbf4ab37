import type { Target } from '../../destination/index.ts';
import type { DestinationsNode, ServiceNode } from '../../policy/index.ts';
import type { Coverage } from '../coverage.ts';
import { applyShrink } from './apply-shrink.ts';
import { createDeclaredIndex } from './declared-index.ts';
import { planShrink, type RuleChange } from './plan-shrink.ts';
import type { PresentPolicy, ProposedFile, ProposeParts, Readiness } from './proposal.ts';
import { readinessOfService } from './readiness-of-service.ts';

/** How the present policy shrinks to what a window used. */
export interface Shrinkage {
  readonly changes: readonly RuleChange[];
  /** Members of shared lists that nobody used; the list keeps the others. */
  readonly members: readonly { readonly list: string; readonly file: string; readonly member: string }[];
  readonly files: readonly ProposedFile[];
  /** Services left as they are, because their history does not reach; with what is missing. */
  readonly skipped: readonly { readonly service: string; readonly readiness: Readiness }[];
  /** Services shrunk though their history does not reach, because that was asked for. */
  readonly forced: readonly { readonly service: string; readonly readiness: Readiness }[];
  readonly services: number;
  readonly coverage: Coverage;
  readonly policyVersion: string;
}

/** What is to be shrunk: one service or all (null); `isUnready` takes those whose history does not reach too. */
export interface ShrinkSettings {
  readonly service: string | null;
  readonly isUnready: boolean;
}

/** Shrinks the allow lists of services whose history reaches to what was used. Denies stay: they open nothing. */
export function shrinkPolicy(
  parts: ProposeParts & { readonly present: PresentPolicy },
  settings: ShrinkSettings,
): Shrinkage {
  const { tree, policy } = parts.present;
  const all = tree.documents.filter((one): one is ServiceNode => one.kind === 'service');
  const wanted = all
    .filter(({ name }) => settings.service === null || name === settings.service)
    .map((node) => ({ node, readiness: readinessOf(node.name, parts) }));
  const chosen = wanted.filter(({ readiness }) => readiness.isReady || settings.isUnready);
  const lists = tree.documents.filter((one): one is DestinationsNode => one.kind === 'destinations');
  const membersOf = (name: string): readonly Target[] =>
    lists.find((one) => one.name === name)?.members.map(({ target }) => target) ?? [];
  const declared = createDeclaredIndex(parts.declared);
  const changes = chosen.flatMap(({ node, readiness }) =>
    planShrink({
      service: node,
      edges: parts.map.edges.filter(({ edge }) => edge.principal === node.name),
      declared: parts.declared.filter(
        (one) => one.confidence !== 'implied' && (one.service === null || declared.ofService(node.name).includes(one)),
      ),
      membersOf,
      days: readiness.days,
    }),
  );
  const members = chosen.length === all.length ? unusedMembers(lists, parts) : [];
  const told = (isForced: boolean): Shrinkage['skipped'] =>
    wanted
      .filter(({ readiness }) => !readiness.isReady && settings.isUnready === isForced)
      .map(({ node, readiness }) => ({ service: node.name, readiness }));
  return {
    changes,
    members,
    files: applyShrink(parts.present, { changes, members, membersOf }),
    skipped: told(false),
    forced: told(true),
    services: wanted.length,
    coverage: parts.map.coverage,
    policyVersion: policy.version,
  };
}

function readinessOf(service: string, { seenDays, starts, map, declared }: ProposeParts): Readiness {
  const edges = map.edges.filter(({ edge }) => edge.principal === service);
  const seen = new Set(edges.map(({ edge }) => edge.destination));
  return readinessOfService({
    days: seenDays.find(({ principal }) => principal === service)?.days ?? [],
    logDays: new Set(seenDays.flatMap(({ days }) => days)),
    startsMs: starts.find(({ principal }) => principal === service)?.startsMs ?? null,
    firstSeenMs: edges.map(({ edge }) => edge.firstMs),
    unseen: createDeclaredIndex(declared)
      .ofService(service)
      .filter(({ host }) => !seen.has(host)),
  });
}

// A list with a class says what its members are, used or not: only ordinary lists shrink, and never to nothing.
function unusedMembers(lists: readonly DestinationsNode[], { map }: ProposeParts): Shrinkage['members'] {
  const used = new Set(map.edges.flatMap(({ judgement }) => judgement?.ruleIds ?? []).flatMap(memberOf));
  return lists
    .filter((list) => list.class === 'ordinary')
    .flatMap((list) => {
      const unused = list.members.filter(({ target }) => !used.has(`@${list.name}#${target.canonical}`));
      if (unused.length === list.members.length) return [];
      return unused.map(({ target }) => ({ list: list.name, file: list.at.file, member: target.canonical }));
    });
}

/** `payments-api/allow/@card-schemes#schemes.example.net:443` gives `@card-schemes#schemes.example.net:443`. */
function memberOf(ruleId: string): readonly string[] {
  const at = ruleId.indexOf('/@');
  return at < 0 || !ruleId.includes('#') ? [] : [ruleId.slice(at + 1)];
}
