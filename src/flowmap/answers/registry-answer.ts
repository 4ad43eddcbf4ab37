import type { MapEdge } from '../flow-map.ts';
import { domainOf } from '../judge-edges.ts';
import { findKnownDestination } from '../known-destinations.ts';
import {
  type AnswerParts,
  type DestinationEvidence,
  evidenceOf,
  groupByService,
  largestEvidence,
  sumConnections,
} from './answer-parts.ts';
import type { Reach, ReachOf } from './reach.ts';
import { resolverViaOf } from './resolver-hosts.ts';

/** How a destination is known to be a registry: by its class in the policy, by the table, or by a label that such hosts bear. */
export type RegistryProof = 'policy' | 'known' | 'label';

/** A service that touches a registry or a source host. */
export interface RegistryUse extends DestinationEvidence {
  readonly service: string;
  readonly kind: string | null;
  readonly reach: Reach;
  readonly registry: 'package-registry' | 'source-host';
  readonly what: string | null;
  readonly proof: RegistryProof;
}

/** What a service of kind build reaches besides registries and resolvers. */
export interface BuildElsewhere {
  readonly service: string;
  readonly domains: number;
  readonly connections: number;
  readonly evidence: readonly DestinationEvidence[];
}

/** Which registries CI touches, and who else does. */
export interface RegistryAnswer {
  /** Services of kind build, by policy or inventory; where there is none, nothing is known to be CI. */
  readonly buildServices: readonly string[];
  readonly byBuild: readonly RegistryUse[];
  readonly byOthers: readonly RegistryUse[];
  readonly elsewhere: readonly BuildElsewhere[];
}

/** First labels of hosts that are registries or source hosts of one's own. */
const labels: ReadonlyMap<string, RegistryUse['registry']> = new Map([
  ...['registry', 'nexus', 'artifactory', 'harbor', 'verdaccio', 'npm', 'pypi', 'maven', 'goproxy', 'docker'].map(
    (label) => [label, 'package-registry'] as const,
  ),
  ...['git', 'gitlab', 'gitea', 'github', 'bitbucket'].map((label) => [label, 'source-host'] as const),
]);

const mostEvidence = 5;

/** Answers which registries CI touches: every use of a registry or source host, inside or out, refused or not. */
export function answerRegistries(parts: AnswerParts, reachOf: ReachOf): RegistryAnswer {
  const groups = groupByService(parts.map.edges);
  const kindOf = (service: string): string | null => parts.factsOf(service).kind;
  const buildServices = [...groups.keys()].filter((service) => kindOf(service) === 'build');
  const isBuild = new Set(buildServices);
  const uses = parts.map.edges.flatMap((one) => {
    const found = registryOf(one);
    const { principal: service } = one.edge;
    if (found === null) return [];
    return [{ service, kind: kindOf(service), reach: reachOf(one.edge), ...evidenceOf(one), ...found }];
  });
  return {
    buildServices,
    byBuild: uses.filter(({ service }) => isBuild.has(service)),
    byOthers: uses.filter(({ service }) => !isBuild.has(service)),
    elsewhere: buildServices.flatMap((service) => elsewhere(service, groups.get(service) ?? [])),
  };
}

function registryOf({ edge, judgement }: MapEdge): Pick<RegistryUse, 'registry' | 'what' | 'proof'> | null {
  const known = edge.isName ? findKnownDestination(edge.destination) : null;
  const isKnown = known?.category === 'package-registry' || known?.category === 'source-host';
  if (judgement?.class === 'package-registry') {
    return { registry: 'package-registry', what: known?.what ?? null, proof: 'policy' };
  }
  if (known !== null) {
    return isKnown ? { registry: known.category as RegistryUse['registry'], what: known.what, proof: 'known' } : null;
  }
  const label = edge.isName ? labels.get(edge.destination.split('.', 1)[0] ?? '') : undefined;
  return label === undefined ? null : { registry: label, what: null, proof: 'label' };
}

function elsewhere(service: string, edges: readonly MapEdge[]): readonly BuildElsewhere[] {
  const rest = edges.filter((one) => registryOf(one) === null && resolverViaOf(one.edge) === null);
  if (rest.length === 0) return [];
  const domains = new Set(rest.map(({ edge }) => domainOf(edge))).size;
  return [{ service, domains, connections: sumConnections(rest), evidence: largestEvidence(rest, mostEvidence) }];
}
