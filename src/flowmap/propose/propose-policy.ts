import { type Edge, edgeKey } from '../edge.ts';
import type { MapEdge } from '../flow-map.ts';
import type { DeclaredEndpoint } from '../observation.ts';
import { type AimContext, aimOfEdge } from './aim-of-edge.ts';
import { coversDestination, createDeclaredIndex, type DeclaredIndex } from './declared-index.ts';
import type { SuspicionContext } from './find-suspicions.ts';
import { identitiesOf, nameServices } from './name-services.ts';
import { pickNeighbour } from './pick-neighbour.ts';
import { createPolicyBounds, type PolicyBounds } from './policy-bounds.ts';
import type { Proposal, ProposedService, ProposeParts, ProposeSettings } from './proposal.ts';
import { proposeEntries } from './propose-entries.ts';
import { readinessOfService } from './readiness-of-service.ts';
import { renderProposal } from './render-proposal.ts';

/**
 * Proposes policy documents from a map: for each service what it was seen to need and the present policy does not allow, with evidence;
 * what is doubtful is listed apart. Nothing is proposed for what no rule may allow.
 */
export function proposePolicy(parts: ProposeParts, settings: ProposeSettings): Proposal {
  const shared = shareParts(parts, settings);
  const wanted = [...shared.byPrincipal.keys()]
    .sort()
    .filter((one) => settings.service === null || isWanted(one, shared, settings.service));
  const services = wanted.map((principal) => proposeService(principal, shared));
  const claimed = new Set(wanted.flatMap((principal) => shared.declared.ofService(principal)));
  return {
    services,
    files: renderProposal(services, { present: parts.present, coverage: parts.map.coverage }),
    unseen: parts.map.unseen.filter((endpoint) => !claimed.has(endpoint)),
    coverage: parts.map.coverage,
    policyVersion: parts.map.policyVersion,
    noPolicy: parts.map.noPolicy,
  };
}

function isWanted(principal: string, { names }: Shared, service: string): boolean {
  return principal === service || names.get(principal) === service;
}

/** What all services are proposed with. */
interface Shared {
  readonly parts: ProposeParts;
  readonly settings: ProposeSettings;
  readonly bounds: PolicyBounds;
  readonly declared: DeclaredIndex;
  readonly byPrincipal: ReadonlyMap<string, readonly MapEdge[]>;
  readonly names: ReadonlyMap<string, string>;
  readonly users: ReadonlyMap<string, ReadonlySet<string>>;
  readonly regularity: SuspicionContext['regularity'];
  readonly days: ReadonlyMap<string, readonly number[]>;
  readonly logDays: ReadonlySet<number>;
  readonly starts: ReadonlyMap<string, readonly number[]>;
  readonly atMs: number;
}

function shareParts(parts: ProposeParts, settings: ProposeSettings): Shared {
  const byPrincipal = new Map<string, MapEdge[]>();
  const users = new Map<string, Set<string>>();
  for (const map of parts.map.edges) {
    const { principal, destination } = map.edge;
    const known = byPrincipal.get(principal);
    if (known === undefined) byPrincipal.set(principal, [map]);
    else known.push(map);
    users.set(destination, (users.get(destination) ?? new Set<string>()).add(principal));
  }
  const taken = new Set([...(parts.present?.policy.services() ?? [])].map(({ name }) => name));
  return {
    parts,
    settings,
    bounds: createPolicyBounds(parts.present),
    declared: createDeclaredIndex(parts.declared),
    byPrincipal,
    names: nameServices([...byPrincipal.keys()], taken),
    users,
    regularity: new Map(parts.regularity.map((one) => [edgeKey(one), one])),
    days: new Map(parts.seenDays.map(({ principal, days }) => [principal, days])),
    logDays: new Set(parts.seenDays.flatMap(({ days }) => days)),
    starts: new Map(parts.starts.map(({ principal, startsMs }) => [principal, startsMs])),
    atMs: parts.map.edges.reduce((latest, { edge }) => Math.max(latest, edge.lastMs), 0),
  };
}

function proposeService(principal: string, shared: Shared): ProposedService {
  const { parts, bounds, names, atMs } = shared;
  const maps = shared.byPrincipal.get(principal) ?? [];
  const service = names.get(principal) ?? principal;
  const summary = parts.present?.policy.service(principal) ?? null;
  const [open, allowed] = splitAllowed(maps);
  const aim: AimContext = { bounds, kind: kindOf(principal, shared), environment: summary?.environment ?? null };
  const how = [...new Set(maps.flatMap(({ edge }) => edge.how))].sort();
  const { identities, isKnown } = identitiesOf({ principal, service, how, inventory: parts.inventory, atMs });
  const sorted = proposeEntries(
    open.map((map) => aimOfEdge(map, aim)),
    {
      suspicion: suspicionContext(principal, maps, shared),
      wildcardFrom: shared.settings.wildcardFrom,
      allowedNames: allowed.map(({ edge }) => edge.destination),
      hasRule: (to) => summary !== null && bounds.hasRule(principal, to),
    },
  );
  return {
    principal,
    service,
    owner: maps.find(({ owner }) => owner !== null)?.owner ?? 'unassigned',
    kind: aim.kind,
    extendsFile: summary === null ? null : bounds.fileOf(principal),
    identities: summary === null ? identities : [],
    isIdentityKnown: summary !== null || isKnown,
    ...sorted,
    alreadyAllowed: allowed.length,
    neighbour: pickNeighbour(sorted.entries, bounds.isNamed(service)),
    readiness: readinessOfService({
      days: shared.days.get(principal) ?? [],
      logDays: shared.logDays,
      startsMs: shared.starts.get(principal) ?? null,
      firstSeenMs: maps.map(({ edge }) => edge.firstMs),
      unseen: unseenOf(principal, maps, shared),
    }),
  };
}

function splitAllowed(maps: readonly MapEdge[]): readonly [open: readonly MapEdge[], allowed: readonly MapEdge[]] {
  const isAllowed = ({ judgement }: MapEdge): boolean => judgement?.verdict === 'allow' && !judgement.wouldDeny;
  return [maps.filter((map) => !isAllowed(map)), maps.filter(isAllowed)];
}

function kindOf(principal: string, { parts }: Shared): AimContext['kind'] {
  const policyKind = parts.present?.policy.service(principal)?.kind;
  if (policyKind !== undefined) return policyKind;
  const kind = parts.inventory.services.find(({ name }) => name === principal)?.kind;
  return kind === 'build' || kind === 'operator' || kind === 'agent' ? kind : 'app';
}

function suspicionContext(principal: string, maps: readonly MapEdge[], shared: Shared): SuspicionContext {
  const { declared, users, days, regularity, settings } = shared;
  return {
    observedDays: days.get(principal)?.length ?? 0,
    nightHours: settings.nightHours,
    serviceHours: maps.reduce((mask, { edge }) => mask | edge.hours, 0),
    regularity,
    isStated: ({ edge }) => declared.isStated(edge),
    isDescribed: declared.ofService(principal).length > 0 || maps.some(({ edge }) => declared.isStated(edge)),
    usersOf: ({ edge }) => users.get(edge.destination)?.size ?? 0,
  };
}

function unseenOf(principal: string, maps: readonly MapEdge[], { declared }: Shared): readonly DeclaredEndpoint[] {
  const seen = maps.flatMap(({ edge }) => [edge.destination, ...edge.candidates]);
  return declared.ofService(principal).filter(({ host, port }) => {
    const isPort = ({ edge }: { readonly edge: Edge }): boolean => port === null || edge.port < 1 || edge.port === port;
    if (maps.some((map) => coversDestination(host, map.edge.destination) && isPort(map))) return false;
    return port !== null || !seen.some((destination) => coversDestination(host, destination));
  });
}
