import { type Config, type GatewayConfig, isLoopback } from '../../config/index.ts';
import {
  type IpPrefix,
  ipAddressFromWords,
  parseIpAddress,
  parseIpPrefix,
  platformAddresses,
  publicResolverAddresses,
} from '../../destination/index.ts';
import {
  type AddressRun,
  emptyLocalPlan,
  type GatewayPlace,
  type KernelPlan,
  type OpenEntry,
  type SourceEntry,
} from '../../gateway/index.ts';
import type { Principal } from '../../identity/index.ts';
import {
  addressPlane,
  type CompiledPolicy,
  type DecisionFacts,
  type NamedSource,
  type NetworkFacts,
  nextChange,
  sourcePlane,
} from '../../policy/index.ts';
import type { ClassIds } from './class-ids.ts';
import { type AccountLookUp, computeLocalPlane, type LocalClass, type LocalPlane } from './local-plane.ts';

const noLocals: LocalPlane = { plan: emptyLocalPlan, classes: [], problems: [] };

/** Sources that are answered alike: a service, or a part of it that the boundary, a grant or a revocation tells apart. */
export interface SourceClass {
  /** How the kernel knows it. */
  readonly id: number;
  readonly key: string;
  readonly service: string;
  readonly principal: Principal;
}

/** What a moment comes to for the kernel. */
export interface GatewayPlane {
  readonly plan: KernelPlan;
  readonly classes: readonly SourceClass[];
  /** The keys of classes that somebody is of without a lease. */
  readonly settled: ReadonlySet<string>;
  /** Those of this machine itself. */
  readonly locals: readonly LocalClass[];
  /** When it can become another by the clock alone (epoch milliseconds), or null. */
  readonly changesAt: number | null;
  /** Services that are too large to be told by address, one line each. */
  readonly problems: readonly string[];
}

/** What a plane is computed from. */
export interface PlaneParts {
  /** Null: none is in force, and nothing is open. */
  readonly policy: CompiledPolicy | null;
  readonly facts: DecisionFacts;
  readonly network: NetworkFacts;
  readonly now: number;
  readonly ids: ClassIds;
  readonly place: GatewayPlace;
  readonly bindings: KernelPlan['bindings'];
  /** One of each class that somebody is of by a lease. Default: none. */
  readonly leased?: readonly NamedSource[];
  /** Numbers of the seats of this machine's own services. */
  readonly seatIds: ClassIds;
  /** How names of accounts are looked up. Default: as this host does. */
  readonly lookUp?: AccountLookUp;
}

/**
 * Computes everything that the kernel is to hold beside what DNS tells, by the one evaluator. A class of sources after the other, with a
 * pause between: a thousand of them take seconds, and decisions go on meanwhile.
 */
export async function computeGatewayPlane(parts: PlaneParts): Promise<GatewayPlane> {
  const { policy, facts, network, now, ids, leased = [] } = parts;
  const nothing = { classes: [], settled: new Set<string>(), locals: [], changesAt: null, problems: [] };
  if (policy === null) return { plan: closedPlan(parts), ...nothing };
  const runs = sourcePlane(policy, { facts, now });
  const byKey = new Map<string, SourceClass>();
  const classOf = ({ key, service, principal }: NamedSource): SourceClass => {
    const known = byKey.get(key) ?? { id: ids.idOf(key), key, service, principal };
    byKey.set(key, known);
    return known;
  };
  const sources = runs.map((run): SourceEntry => {
    return { family: run.family, from: run.from, to: run.to, serviceId: classOf(run).id };
  });
  const local = parts.place.local === null ? noLocals : await computeLocalPlane({ ...parts, policy });
  const settled = new Set([...byKey.keys(), ...local.classes.map(({ key }) => key)]);
  for (const each of leased) classOf(each);
  const classes = [...byKey.values(), ...local.classes];
  const open: OpenEntry[] = [];
  const problems: string[] = [...local.problems];
  for (const { id, principal } of classes) {
    const plane = addressPlane(policy, { principal, facts, network, now });
    if (!plane.ok) problems.push(plane.fault.message);
    for (const { family, from, to, protocol, ports, verdict } of plane.ok ? plane.value : []) {
      open.push({ serviceId: id, family, from, to, protocol, ports, verdict });
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return {
    plan: { ...closedPlan(parts), sources, local: local.plan, open },
    classes,
    settled,
    locals: local.classes,
    changesAt: nextChange(policy, facts, now),
    problems,
  };
}

/** The plan that lets nobody out. Nobody reaches a run, whatever is open: what it listens at would be a way from one to another. */
function closedPlan({ place, bindings }: PlaneParts): KernelPlan {
  const closed = [...closedRuns(), ...place.runs];
  return { place, sources: [], local: emptyLocalPlan, bindings, open: [], closed };
}

/** What of the configuration a place follows from beside `gateway:`. */
export interface PlaceConfig {
  readonly listen: Pick<Config['listen'], 'dns' | 'proxy'>;
  readonly leases: readonly unknown[];
}

/** The part of the plan that the configuration gives; how this machine's own processes are held has to be looked up. */
export function placeOf(
  config: GatewayConfig,
  { listen: { dns, proxy }, leases }: PlaceConfig,
  runs: readonly IpPrefix[] = [],
): GatewayPlace {
  return {
    inside: config.inside,
    binding: config.binding,
    listenerPort: config.port,
    namePorts: [...new Set([...config.tlsPorts, ...config.httpPorts])],
    dnsPort: dns?.port ?? null,
    // One that only this machine reaches, or whose port the kernel chooses anew, is none of the workloads'.
    proxyPort: isLoopback(proxy) || proxy.port === 0 ? null : proxy.port,
    userId: process.getuid?.() ?? 0,
    guardsRoutes: config.guardsRoutes,
    masquerades: config.masquerades,
    // A flow of a lease is known by the mark that conntrack keeps, also after its address went back to whose it is by the policy.
    tracksFlows: config.tracksFlows || leases.length > 0,
    // A run has its address by a lease of its own.
    hasLeases: leases.length > 0 || runs.length > 0,
    local: null,
    runs: runs.map(runOfPrefix),
  };
}

/** The hardware addresses of the configuration, as the kernel is told them. */
export function bindingsOf({ neighbours }: GatewayConfig): KernelPlan['bindings'] {
  return neighbours.flatMap(({ address, mac }) => {
    const parsed = parseIpAddress(address);
    return parsed.ok ? [{ family: parsed.value.family, address: parsed.value.text, mac }] : [];
  });
}

/**
 * What nobody reaches, whatever is open: platform addresses, and resolvers that answer names past the filter. The plane holds none of the
 * first: this is for the day on which it is wrong. What else is forbidden is not listed, since ranges lie in ranges that are not.
 */
function closedRuns(): readonly AddressRun[] {
  const prefixes = [...platformAddresses.map(({ prefix }) => prefix), ...linkPrefixes];
  return [...prefixes.map(runOfPrefix), ...publicResolverAddresses.map(runOfAddress)];
}

/** Those of a link, which routers never pass on (RFC 3927, RFC 4291), metadata services among them. */
const linkPrefixes: readonly IpPrefix[] = ['169.254.0.0/16', 'fe80::/10'].flatMap((text) => {
  const prefix = parseIpPrefix(text);
  return prefix.ok ? [prefix.value] : [];
});

function runOfAddress(address: string): AddressRun {
  return { family: address.includes(':') ? 6 : 4, from: address, to: address };
}

function runOfPrefix({ first, length }: IpPrefix): AddressRun {
  const last = first.words.map((word, index) => {
    const kept = Math.min(32, Math.max(0, length - 32 * index));
    return kept === 32 ? word : (word | (0xffffffff >>> kept)) >>> 0;
  });
  const to = ipAddressFromWords(last);
  return { family: first.family, from: first.text, to: to.text };
}
