import type { MapEdge } from '../flow-map.ts';
import { domainOf } from '../judge-edges.ts';
import {
  type AnswerParts,
  type DestinationEvidence,
  groupByService,
  largestEvidence,
  sumConnections,
  sumKnown,
  wasUsed,
} from './answer-parts.ts';
import type { ReachOf } from './reach.ts';
import { resolverViaOf } from './resolver-hosts.ts';

/** Whether a service needs the internet, and what shows it. */
export const internetNeeds = {
  must_declared: 'configuration declares a destination on the internet, and it is used',
  must_steady: 'a destination on the internet is used on most of its days',
  seen: 'it was seen to reach the internet; neither configuration nor most of its days show that it must',
  refused: 'it tried, and every try was refused by what logged it',
  resolvers_only: 'nothing but resolvers on the internet was asked, see how names resolve',
  inside_only: 'nothing but private addresses was seen',
} as const;

/** One of {@link internetNeeds}. */
export type InternetNeed = keyof typeof internetNeeds;

/** What one service has with the internet. */
export interface InternetRow {
  readonly service: string;
  readonly owner: string | null;
  readonly kind: string | null;
  readonly need: InternetNeed;
  /** Days on which the service was seen at all. */
  readonly daysSeen: number;
  readonly domains: number;
  readonly destinations: number;
  readonly connections: number;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly denied: number;
  /** Share of its connections to the internet whose name is on the record or the only one the client was told; null for none. */
  readonly namedShare: number | null;
  /** Destinations on the internet that the present policy allows; null without a policy. */
  readonly allowed: number | null;
  /** Destinations on the internet that configuration declares; null where none was ingested. */
  readonly declared: number | null;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly evidence: readonly DestinationEvidence[];
}

const mostEvidence = 5;
/** On this share of its days a destination is steady, from this many days on. */
const steadyShare = 0.5;
const leastSteadyDays = 3;

/** Answers which services must reach the internet: one row for each service, those that must first. Resolvers are a question apart. */
export function answerInternet(parts: AnswerParts, reachOf: ReachOf): readonly InternetRow[] {
  const days = new Map(parts.seenDays.map(({ principal, days: seen }) => [principal, seen.length]));
  const rows = [...groupByService(parts.map.edges)].map(([service, edges]) => {
    const outside = edges.filter(({ edge }) => reachOf(edge) === 'internet');
    const out = outside.filter(({ edge }) => resolverViaOf(edge) === null);
    const { kind } = parts.factsOf(service);
    const row = rowOf({ service, kind, owner: edges[0]?.owner ?? null, daysSeen: days.get(service) ?? 0 }, out);
    return out.length === 0 && outside.length > 0 ? { ...row, need: 'resolvers_only' as const } : row;
  });
  return rows.sort((a, b) => orderOf(a.need) - orderOf(b.need) || b.connections - a.connections);
}

function orderOf(need: InternetNeed): number {
  return Object.keys(internetNeeds).indexOf(need);
}

function rowOf(
  service: Pick<InternetRow, 'service' | 'kind' | 'owner' | 'daysSeen'>,
  out: readonly MapEdge[],
): InternetRow {
  const used = out.filter(wasUsed);
  const connections = sumConnections(used);
  const named = used.filter(({ edge }) => edge.rank === 'record' || edge.rank === 'answer');
  const isJudged = out.some(({ judgement }) => judgement !== null);
  const isDeclared = out.some(({ declaredAt }) => declaredAt !== null);
  return {
    ...service,
    need: needOf(out, used, service.daysSeen),
    domains: new Set(used.map(({ edge }) => domainOf(edge))).size,
    destinations: used.length,
    connections,
    bytesUp: sumKnown(used.map(({ edge }) => edge.bytesUp)),
    bytesDown: sumKnown(used.map(({ edge }) => edge.bytesDown)),
    denied: out.reduce((sum, { edge }) => sum + edge.denied, 0),
    namedShare: connections === 0 ? null : sumConnections(named) / connections,
    allowed: isJudged ? used.filter(({ judgement }) => judgement?.verdict === 'allow').length : null,
    declared: isDeclared ? used.filter(({ declaredAt }) => (declaredAt ?? []).length > 0).length : null,
    firstMs: out.length === 0 ? null : Math.min(...out.map(({ edge }) => edge.firstMs)),
    lastMs: out.length === 0 ? null : Math.max(...out.map(({ edge }) => edge.lastMs)),
    evidence: largestEvidence(used.length > 0 ? used : out, mostEvidence),
  };
}

function needOf(out: readonly MapEdge[], used: readonly MapEdge[], daysSeen: number): InternetNeed {
  if (out.length === 0) return 'inside_only';
  if (used.length === 0) return 'refused';
  if (used.some(({ declaredAt }) => (declaredAt ?? []).length > 0)) return 'must_declared';
  const isSteady = used.some(({ edge }) => edge.days >= leastSteadyDays && edge.days >= daysSeen * steadyShare);
  return isSteady ? 'must_steady' : 'seen';
}
