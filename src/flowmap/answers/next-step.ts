import { unattributedPrincipal } from '../attribute-clients.ts';
import type { MapEdge } from '../flow-map.ts';
import type { AnswerParts } from './answer-parts.ts';
import type { NextStep, RankedService, RankPlaces } from './ranked-service.ts';
import { resolverViaOf } from './resolver-hosts.ts';

/** What a next step is chosen from. */
export interface NextStepQuestion {
  readonly service: RankedService;
  readonly edges: readonly MapEdge[];
  readonly parts: AnswerParts;
  readonly places: RankPlaces;
}

/** Past this share of connections without a name a proposal would be addresses. */
const mostUnnamed = 0.3;

/** Chooses the next step: first who it is, then what it reaches, then a proposal, then a replay, then less. */
export function nextStep(question: NextStepQuestion): NextStep {
  const unclear = identify(question) ?? separate(question);
  return unclear ?? name(question) ?? propose(question) ?? replay(question) ?? shrink(question);
}

function identify({ service, edges, places }: NextStepQuestion): NextStep | null {
  if (service.service === unattributedPrincipal) {
    return { why: 'its sources never say who asked: ingest one that does', command: 'exeat flows sources' };
  }
  if (!edges.every(({ edge }) => edge.how.every((how) => how === 'address'))) return null;
  const cidr = `${service.service}/${service.service.includes(':') ? 128 : 32}`;
  const file = places.inventory ?? 'an inventory file that `inventory:` of the configuration names';
  return {
    why: 'nobody claims this address',
    command: `add to ${file}: - { name: NAME, owner: TEAM, kind: app, sources: [ { cidr: "${cidr}" } ] }`,
  };
}

// A user of a proxy is no service; what workloads do under a person's credential is told apart only with one of their own.
function separate({ service }: NextStepQuestion): NextStep | null {
  if (!service.service.startsWith('user:')) return null;
  const why = 'a user of a proxy, no service: a workload behind it needs a credential of its own';
  return { why, command: `exeat flows map --service ${quoted(service.service)}` };
}

function name({ service, parts }: NextStepQuestion): NextStep | null {
  if (service.unnamed.value <= mostUnnamed) return null;
  if (parts.map.coverage.formats.some(({ names }) => names === 'answers')) return null;
  const share = Math.round(service.unnamed.value * 100);
  return {
    why: `${share} % of its connections have no name, and no DNS log was ingested`,
    command: 'exeat flows ingest DNS-LOG',
  };
}

function propose({ service, parts }: NextStepQuestion): NextStep | null {
  if (parts.factsOf(service.service).isInPolicy) return null;
  return { why: 'no policy names it', command: `exeat flows propose --service ${quoted(service.service)}` };
}

function replay({ service, edges, places }: NextStepQuestion): NextStep | null {
  const judged = edges.filter(({ edge }) => resolverViaOf(edge) === null);
  const broken = judged.filter(({ judgement }) => judgement?.verdict === 'deny' || judgement?.verdict === 'uncertain');
  if (broken.length === 0) return null;
  const why = `the present policy would not let ${broken.length} of its ${judged.length} edges through for sure`;
  return { why, command: `exeat flows replay --policy ${quoted(places.policy)} --service ${quoted(service.service)}` };
}

function shrink({ service }: NextStepQuestion): NextStep {
  const why = 'all that was seen is allowed: see what is allowed and not used';
  return { why, command: `exeat flows propose --shrink --service ${quoted(service.service)}` };
}

// Names come from logs: what a shell would read as more than a word is quoted.
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
