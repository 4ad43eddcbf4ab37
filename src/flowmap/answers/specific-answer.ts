import type { NameRank } from '../edge.ts';
import { nameRanks } from '../edge.ts';
import type { MapEdge } from '../flow-map.ts';
import { domainOf } from '../judge-edges.ts';
import { findKnownDestination, type KnownCategory } from '../known-destinations.ts';
import { type AnswerParts, compareTexts, groupByService, sumConnections, sumKnown, wasUsed } from './answer-parts.ts';
import type { ReachOf } from './reach.ts';
import { resolverViaOf } from './resolver-hosts.ts';

/** Whether a service should only reach specific SaaS or APIs, and why or why not. */
export const specificOutcomes = {
  few_and_stable: 'few registrable domains, all of them named, and none that is new',
  seen_too_short: 'seen on too few days to tell',
  still_growing: 'a domain was seen for the first time in the last quarter of its time',
  unnamed_destinations: 'more than 1 % of its connections go to addresses without a name',
  too_many_domains: 'more than 10 registrable domains',
} as const;

/** One of {@link specificOutcomes}. */
export type SpecificOutcome = keyof typeof specificOutcomes;

/** What a service has with one registrable domain (or with one address, where there is no name). */
export interface DomainReach {
  readonly domain: string;
  readonly category: KnownCategory | null;
  /** What is known of it: of a domain what it is for, of an address whose it is. */
  readonly what: string | null;
  /** Names and ports seen below it, `api.bank.example:443`, at most 20. */
  readonly names: readonly string[];
  /** The worst rank of a name in it. */
  readonly rank: NameRank;
  readonly connections: number;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  /** Days of the destination in it that has most. */
  readonly days: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly isNew: boolean;
}

/** What one service has with the whole internet, by domain. */
export interface SpecificRow {
  readonly service: string;
  readonly outcome: SpecificOutcome;
  readonly daysSeen: number;
  readonly domainCount: number;
  readonly unnamedShare: number | null;
  /** At most 10, by connections. */
  readonly domains: readonly DomainReach[];
}

const mostDomains = 10;
const mostNames = 20;
const mostUnnamedShare = 0.01;
/** A week shows weekdays and a weekend; less shows nothing of stability. */
const leastDays = 7;
/** The last part of a service's time, in which nothing new should come. */
const lastPart = 0.25;

/** Answers which services should only reach specific SaaS or APIs: those that reach the internet, the specific ones first. */
export function answerSpecific(parts: AnswerParts, reachOf: ReachOf): readonly SpecificRow[] {
  const days = new Map(parts.seenDays.map(({ principal, days: seen }) => [principal, seen]));
  const rows = [...groupByService(parts.map.edges)].flatMap(([service, edges]) => {
    const outside = edges.filter((one) => wasUsed(one) && reachOf(one.edge) === 'internet');
    const out = outside.filter(({ edge }) => resolverViaOf(edge) === null);
    return out.length === 0 ? [] : [rowOf(service, out, days.get(service) ?? [])];
  });
  return rows.sort((a, b) => orderOf(a.outcome) - orderOf(b.outcome) || a.domainCount - b.domainCount);
}

function orderOf(outcome: SpecificOutcome): number {
  return Object.keys(specificOutcomes).indexOf(outcome);
}

function rowOf(service: string, out: readonly MapEdge[], days: readonly number[]): SpecificRow {
  const newFromMs = newFrom(days);
  const groups = new Map<string, MapEdge[]>();
  for (const one of out) groups.set(domainOf(one.edge), [...(groups.get(domainOf(one.edge)) ?? []), one]);
  const domains = [...groups]
    .map(([domain, edges]) => domainReach(domain, edges, newFromMs))
    .sort((a, b) => b.connections - a.connections || compareTexts(a.domain, b.domain));
  const all = sumConnections(out);
  const unnamed = sumConnections(out.filter(({ edge }) => !edge.isName));
  const unnamedShare = all === 0 ? null : unnamed / all;
  const row = { service, daysSeen: days.length, domainCount: domains.length, unnamedShare };
  return { ...row, outcome: outcomeOf(row, domains), domains: domains.slice(0, mostDomains) };
}

// Days since the epoch. What is seen on the last quarter of the days only is new; one day has no quarter.
function newFrom(days: readonly number[]): number {
  const [first] = days;
  const last = days.at(-1);
  if (first === undefined || last === undefined) return Number.POSITIVE_INFINITY;
  return (last + 1 - (last + 1 - first) * lastPart) * 86_400_000;
}

function outcomeOf(
  { daysSeen, domainCount, unnamedShare }: Pick<SpecificRow, 'daysSeen' | 'domainCount' | 'unnamedShare'>,
  domains: readonly DomainReach[],
): SpecificOutcome {
  if (domainCount > mostDomains) return 'too_many_domains';
  if ((unnamedShare ?? 0) > mostUnnamedShare) return 'unnamed_destinations';
  if (daysSeen < leastDays) return 'seen_too_short';
  return domains.some(({ isNew }) => isNew) ? 'still_growing' : 'few_and_stable';
}

function domainReach(domain: string, edges: readonly MapEdge[], newFromMs: number): DomainReach {
  const known = findKnownDestination(edges[0]?.edge.isName === true ? edges[0].edge.destination : '');
  const firstMs = Math.min(...edges.map(({ edge }) => edge.firstMs));
  const worst = Math.max(...edges.map(({ edge }) => nameRanks.indexOf(edge.rank)));
  const names = edges.map(({ edge }) => (edge.port < 0 ? edge.destination : `${edge.destination}:${edge.port}`));
  return {
    domain,
    category: known?.category ?? null,
    what: known?.what ?? edges.find(({ edge }) => !edge.isName)?.edge.provider ?? null,
    names: [...new Set(names)].sort(compareTexts).slice(0, mostNames),
    rank: nameRanks[worst] ?? 'address',
    connections: sumConnections(edges),
    bytesUp: sumKnown(edges.map(({ edge }) => edge.bytesUp)),
    bytesDown: sumKnown(edges.map(({ edge }) => edge.bytesDown)),
    days: Math.max(...edges.map(({ edge }) => edge.days)),
    firstMs,
    lastMs: Math.max(...edges.map(({ edge }) => edge.lastMs)),
    isNew: firstMs >= newFromMs,
  };
}
