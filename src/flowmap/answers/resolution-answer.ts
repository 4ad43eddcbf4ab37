import type { MapEdge } from '../flow-map.ts';
import type { EdgeJudgement } from '../judge-edges.ts';
import type { AnswerView, NameAnswers } from '../lake.ts';
import { type AnswerParts, compareTexts } from './answer-parts.ts';
import { sideOf } from './reach.ts';
import { type ResolverVia, resolverViaOf } from './resolver-hosts.ts';

/** What a name is for those who ask: private addresses, public ones, both to the same asker, or no such name. */
export type NameSide = 'inside' | 'outside' | 'both' | 'missing';

/** What some clients were told of a name. */
export interface SplitView extends AnswerView {
  readonly side: NameSide;
}

/** A name that means something else to others: a split horizon. */
export interface SplitName {
  readonly name: string;
  readonly views: readonly SplitView[];
}

/** What one resolver answered. */
export interface ResolverRow {
  /** As on the records; empty where they do not say. */
  readonly resolver: string;
  readonly isKnown: boolean;
  readonly names: number;
  /** Names with a private address. */
  readonly inside: number;
  readonly questions: number;
}

/** A service that asks another resolver than the known ones: names that it learns there are in no log of yours. */
export interface OtherResolver {
  readonly service: string;
  readonly resolver: string;
  readonly port: number;
  readonly via: ResolverVia;
  readonly clients: readonly string[];
  readonly connections: number;
  readonly denied: number;
  readonly days: number;
  readonly lastMs: number;
  readonly verdict: EdgeJudgement['verdict'] | null;
}

/** How names resolve inside and outside. */
export interface ResolutionAnswer {
  /** Names whose answers are in the lake; 0 where no log has answers, and then no split can be seen. */
  readonly names: number;
  readonly resolvers: readonly ResolverRow[];
  readonly splits: readonly SplitName[];
  readonly others: readonly OtherResolver[];
}

/** Answers how names resolve: by which resolver, where the same name has other answers, and who asks elsewhere. */
export function answerResolution(parts: AnswerParts): ResolutionAnswer {
  return {
    names: new Set(parts.nameAnswers.map(({ name }) => name)).size,
    resolvers: resolverRows(parts),
    splits: splitNames(parts.views),
    others: otherResolvers(parts),
  };
}

/** Names with a private address: only of these can a horizon be split. */
export function insideNames(answers: readonly NameAnswers[]): readonly string[] {
  const inside = answers.filter(({ addresses }) => addresses.some((address) => sideOf(address) === 'inside'));
  return [...new Set(inside.map(({ name }) => name))].sort(compareTexts);
}

function resolverRows({ nameAnswers, isKnownResolver }: AnswerParts): readonly ResolverRow[] {
  const groups = new Map<string, NameAnswers[]>();
  for (const one of nameAnswers) groups.set(one.resolver, [...(groups.get(one.resolver) ?? []), one]);
  return [...groups]
    .map(([resolver, answers]) => ({
      resolver,
      isKnown: isKnownResolver(resolver),
      names: answers.length,
      inside: insideNames(answers).length,
      questions: answers.reduce((sum, { questions }) => sum + questions, 0),
    }))
    .sort((a, b) => b.questions - a.questions || compareTexts(a.resolver, b.resolver));
}

function splitNames(views: readonly AnswerView[]): readonly SplitName[] {
  const groups = new Map<string, SplitView[]>();
  for (const view of views) {
    const side = sideOfView(view);
    if (side === null) continue;
    const known = groups.get(view.name);
    if (known === undefined) groups.set(view.name, [{ ...view, side }]);
    else known.push({ ...view, side });
  }
  return [...groups].flatMap(([name, own]) => (isSplit(own) ? [{ name, views: own }] : []));
}

// Answers of 0.0.0.0 and of loopback are refusals of a filter, and say nothing of where a name is.
function sideOfView({ addresses }: AnswerView): NameSide | null {
  if (addresses.length === 0) return 'missing';
  const sides = new Set(addresses.map(sideOf));
  if (sides.has('inside')) return sides.has('internet') ? 'both' : 'inside';
  return sides.has('internet') ? 'outside' : null;
}

function isSplit(views: readonly SplitView[]): boolean {
  const sides = new Set(views.map(({ side }) => side));
  return sides.has('both') || (sides.has('inside') && sides.size > 1);
}

function otherResolvers({ map, isKnownResolver }: AnswerParts): readonly OtherResolver[] {
  return map.edges
    .flatMap((one) => {
      const via = resolverViaOf(one.edge);
      return via === null || isKnown(one, isKnownResolver) ? [] : [otherResolver(one, via)];
    })
    .sort((a, b) => b.connections - a.connections || compareTexts(a.service, b.service));
}

function isKnown({ edge }: MapEdge, isKnownResolver: (address: string) => boolean): boolean {
  return edge.isName
    ? edge.addresses.length > 0 && edge.addresses.every(isKnownResolver)
    : isKnownResolver(edge.destination);
}

function otherResolver({ edge, judgement }: MapEdge, via: ResolverVia): OtherResolver {
  const { principal: service, destination: resolver, port, clients, connections, denied, days, lastMs } = edge;
  const verdict = judgement?.verdict ?? null;
  return { service, resolver, port, via, clients, connections, denied, days, lastMs, verdict };
}
