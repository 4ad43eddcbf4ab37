import type { DestinationClass } from '../../destination/index.ts';
import type { MapEdge } from '../flow-map.ts';
import { type AnswerParts, compareTexts, groupByService, sumConnections, sumKnown, wasUsed } from './answer-parts.ts';
import { nextStep } from './next-step.ts';
import { privilegedClassOf } from './privileged-hosts.ts';
import type { RankedService, RankPlaces, ScorePart, ServiceRanking } from './ranked-service.ts';
import { createReach, type ReachOf } from './reach.ts';
import { resolverViaOf } from './resolver-hosts.ts';

/** Points of the parts: what a leak would cost comes before how well it can be seen. */
const weights = { production: 35, bytesOut: 25, privileged: 25, unnamed: 15 } as const;
const withCommands = 5;

/** Ranks services by production, bytes out, privileged reach and unnamed share, the highest score first. */
export function rankServices(parts: AnswerParts, places: RankPlaces): ServiceRanking {
  const reachOf = createReach(parts.nameAnswers);
  const groups = [...groupByService(parts.map.edges)].map(([service, edges]) => totalsOf(service, edges, reachOf));
  const ranked = groups
    .map((totals) => rank(totals, parts))
    .sort((a, b) => b.score - a.score || compareTexts(a.service, b.service));
  const services = ranked.map((one, index): RankedService => {
    if (index >= withCommands) return one;
    const edges = groups.find(({ service }) => service === one.service)?.edges ?? [];
    return { ...one, next: nextStep({ service: one, edges, parts, places }) };
  });
  const { coverage, policyVersion, noPolicy } = parts.map;
  return { services, coverage, policyVersion, noPolicy };
}

interface Totals {
  readonly service: string;
  readonly edges: readonly MapEdge[];
  readonly used: readonly MapEdge[];
  /** To the internet only: what stays inside is not out. */
  readonly bytesUp: number | null;
}

function totalsOf(service: string, edges: readonly MapEdge[], reachOf: ReachOf): Totals {
  const used = edges.filter(wasUsed);
  const out = used.filter(({ edge }) => reachOf(edge) === 'internet');
  return { service, edges, used, bytesUp: sumKnown(out.map(({ edge }) => edge.bytesUp)) };
}

function rank({ service, edges, used, bytesUp }: Totals, parts: AnswerParts): RankedService {
  const { kind, environment } = parts.factsOf(service);
  const scores = {
    production: productionPart(kind, environment),
    bytesOut: bytesPart(bytesUp),
    privileged: privilegedPart(used),
    unnamed: unnamedPart(used),
  };
  const points = Object.values(scores).reduce((sum, { value, weight }) => sum + value * weight, 0);
  return {
    ...{ service, owner: edges[0]?.owner ?? null, kind, environment },
    score: Math.round(points * 10) / 10,
    ...scores,
    ...{ connections: sumConnections(used), bytesUp, next: null },
  };
}

const productionEnvironment = /^(?:prod|production|prd|live)(?:$|[-_.])/;

/** How near to production a kind is, where no space says an environment. */
const byKind: ReadonlyMap<string, number> = new Map([
  ['app', 0.6],
  ['operator', 0.6],
  ['build', 0.4],
  ['agent', 0.4],
]);
const unknownKind = 0.5;

function productionPart(kind: string | null, environment: string | null): ScorePart {
  const weight = weights.production;
  if (environment !== null) {
    return { value: productionEnvironment.test(environment) ? 1 : 0, weight, says: `environment ${environment}` };
  }
  const value = byKind.get(kind ?? '') ?? unknownKind;
  return { value, weight, says: kind === null ? 'environment and kind unknown' : `kind ${kind}, environment unknown` };
}

/** Nothing to speak of, and all that there can be: between them bytes count by orders of magnitude. */
const fewBytesLog2 = 10;
const manyBytesLog2 = 40;

// A tenth of the bytes is not a tenth of the danger, and what others send changes neither.
function bytesPart(bytesUp: number | null): ScorePart {
  const weight = weights.bytesOut;
  if (bytesUp === null) return { value: 0, weight, says: 'no source tells bytes up' };
  const share = (Math.log2(Math.max(1, bytesUp)) - fewBytesLog2) / (manyBytesLog2 - fewBytesLog2);
  return { value: Math.min(1, Math.max(0, share)), weight, says: `${bytesUp} bytes up to the internet` };
}

const privilegeOfClass: Readonly<Record<DestinationClass, number>> = {
  'secret-manager': 1,
  admin: 1,
  'control-plane': 0.9,
  'data-store': 0.6,
  'package-registry': 0.3,
  ordinary: 0,
};

function privilegedPart(used: readonly MapEdge[]): ScorePart {
  const weight = weights.privileged;
  const found = used
    .map(({ edge, judgement }) => {
      const own = judgement?.class ?? 'ordinary';
      return { host: edge.destination, class: own === 'ordinary' ? privilegedClassOf(edge.destination) : own };
    })
    .filter((one) => one.class !== 'ordinary')
    .sort((a, b) => privilegeOfClass[b.class] - privilegeOfClass[a.class] || compareTexts(a.host, b.host));
  const [first] = found;
  if (first === undefined) return { value: 0, weight, says: 'nothing but ordinary destinations' };
  const others = found.length === 1 ? '' : `, and ${found.length - 1} more`;
  return { value: privilegeOfClass[first.class], weight, says: `${first.class} ${first.host}${others}` };
}

// A resolver is asked by its address: that hides nothing.
function unnamedPart(edges: readonly MapEdge[]): ScorePart {
  const used = edges.filter(({ edge }) => resolverViaOf(edge) === null);
  const all = sumConnections(used);
  const unnamed = sumConnections(used.filter(({ edge }) => !edge.isName));
  const value = all === 0 ? 0 : unnamed / all;
  return { value, weight: weights.unnamed, says: `${unnamed} of ${all} connections without a name` };
}
