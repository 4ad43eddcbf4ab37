import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { ExeatError } from '../../base/index.ts';
import { type Config, namePortsOf } from '../../config/index.ts';
import type { Judge } from '../../enforcement/index.ts';
import { runSocketOf } from '../../gateway/index.ts';
import { identify, type ProofVerifier } from '../../identity/index.ts';
import { approveAddresses, type DecisionFacts, decide, queryTypes, screenAddresses } from '../../policy/index.ts';
import { createProxyListener, type ProxyListener, type ProxyListenerOptions } from '../../proxy/index.ts';
import { loadVerifyingKey } from '../../snapshot/index.ts';
import { createSpool, type Spool } from '../../spool/index.ts';
import { nodeDriver, openDriver, type TransportDriver } from '../../transport/index.ts';
import { createTrust, type Trust } from '../../trust/index.ts';
import { type FiledClock, openFiledClock } from '../clock-file.ts';
import { helperPaths } from '../gateway-helper.ts';
import type { Logger } from '../logger.ts';
import { createNewId } from '../new-id.ts';
import type { StatePaths } from '../state-folder.ts';
import { type BreakGlassDesk, openBreakGlassDesk, readTakenGrants } from './break-glass-desk.ts';
import { type FiledBudgets, openBudgets } from './budget-book.ts';
import { type DnsDesk, openDnsDesk, ttlOf } from './dns-desk.ts';
import { type FirstSeenFile, openFirstSeenFile } from './first-seen-file.ts';
import { type GatewayDesk, type GatewayDeskParts, openGatewayDesk } from './gateway-desk.ts';
import { createGrantHolder, type GrantHolder } from './grant-holder.ts';
import { type LeaseDesk, type LeaseGate, openLeaseDesk } from './leases/lease-desk.ts';
import { createLeaseSources, type LeaseSources, type LeaseSourcesParts } from './leases/lease-sources.ts';
import { createSeatBook, type SeatBook } from './local-judge.ts';
import { createNetworkFacts, type NetworkFactsSource } from './network-facts.ts';
import { createPointMetrics, type PointMetrics } from './point-metrics.ts';
import { createPolicyHolder, type PolicyHolder } from './policy-holder.ts';
import { createProxyObserver } from './proxy-observer.ts';
import { createProxyTls } from './proxy-tls.ts';
import { createRecordTap } from './record-tap.ts';
import { openResponseZones, type ResponseZones } from './response-zones.ts';
import { readRunRanges, usableRanges } from './run-addresses.ts';
import { createRunDesk, type RunDesk, type RunDeskParts } from './run-desk.ts';
import { createRunNetworks, type RunNetworkParts, type RunNetworks } from './run-networks.ts';
import { createRunTap } from './run-tap.ts';
import { toTrustOptions } from './trust-options.ts';
import { verifierWith } from './verifier-with.ts';

/** Every part of the point, made and joined; nothing listens yet. */
export interface PointAssembly {
  readonly clock: FiledClock;
  readonly trust: Trust;
  readonly dns: DnsDesk;
  readonly responseZones: ResponseZones;
  readonly network: NetworkFactsSource;
  readonly policy: PolicyHolder;
  readonly budgets: FiledBudgets;
  readonly grants: GrantHolder;
  readonly facts: () => DecisionFacts;
  readonly breakGlass: BreakGlassDesk;
  readonly spool: Spool;
  readonly metrics: PointMetrics;
  readonly driver: TransportDriver;
  readonly firstSeen: FirstSeenFile;
  readonly listener: ProxyListener;
  readonly leases: LeaseDesk;
  readonly leaseSources: LeaseSources;
  /** Null where the configuration has none. */
  readonly gateway: GatewayDesk | null;
  readonly runs: RunDesk;
  /** Judges every live connection again, of whatever listener. */
  recheckAll(): Promise<void>;
}

/** Makes the parts of the point, each once, in the order in which they need each other. Throws an ExeatError with one line. */
export async function assemblePoint(config: Config, paths: StatePaths, logger: Logger): Promise<PointAssembly> {
  // Whatever decides or writes down a time asks this clock.
  const clock = openFiledClock(join(paths.point, 'clock.json'), logger);
  const trust = await createTrust(toTrustOptions(config, clock, logger));
  const network = createNetworkFacts(config.localOrigins);
  const verifyingKey = loadKey(paths);
  const policy = createPolicyHolder(paths.snapshot, verifyingKey);
  const budgets = openBudgets(join(paths.point, 'budgets.ndjson'), logger, clock.now());
  const grants = openGrantHolder({ paths, verifyingKey, clock, logger, budgets });
  const facts = joinFacts(policy, grants, budgets);
  const spool = openSpool({ config, paths, clock, logger });
  const driver = chooseDriver(config, logger);
  const metrics = createPointMetrics({
    transport: driver,
    spool: () => spool.counts(),
    isKeeping: () => spool.isKeeping,
    policy: policy.current,
    openConnections: () => listener.counts().connections,
    firstSeenOverflowed: () => firstSeen.overflowed(),
    trustProblems: () => trust.status(clock.now()).problems.length,
    resolver: () => dns.resolver.counts(),
    dns: () => ({ ...dns, zones: responseZones }),
    grants: () => grants.index().byId.size,
    grantsSpent: () => budgets.spent.size,
    clockJumpMs: clock.jumpMs,
  });
  const firstSeen = await openFirstSeenFile(join(paths.point, 'first-seen.ndjson'), logger);
  const tap = createRunTap(createRecordTap({ spool, firstSeen, metrics, logger, newId: createNewId() }));
  const records = tap.sink;
  const observer = createProxyObserver(metrics, logger);
  const tls = createProxyTls(trust);
  const responseZones = openResponseZones({ zones: config.dns.responseZones, folder: paths.point, clock, logger });
  const gate = gateOf(() => ({ listener, gateway }));
  const desk = openLeaseDesk({ clock, network: network.current, gate });
  const { leases, judge, verifier, seats } = openIdentities(desk, trust);
  const inForce = { current: policy.current, facts, network: network.current };
  const dns = openDnsDesk({
    ...{ config, clock, newId: createNewId(), verifier, records, observer, tls, queryTypes, driver },
    policy: inForce,
    judge: { identify: seats.identify, decide, screen: screenAddresses },
    zones: responseZones,
    // The gateway resolves by what the filter resolves by, and is told what the filter tells.
    answerSink: config.gateway === null ? null : { confirm: async (told) => gateway?.answers.confirm(told) ?? false },
  });
  const told = { records, clock, newId: createNewId(), observer, driver };
  const listening = { ...told, policy: inForce, judge, budgets, resolver: dns.resolver };
  const proxying = { ...listening, verifier, ...listenerSettings(config, tls) };
  const listener: ProxyListener = createProxyListener(proxying);
  const leaseSources = createLeaseSources({ ...{ config, desk, clock, logger }, ...inForceOf(policy, network) });
  metrics.watchLeases(leaseSources.status, clock);
  const gateway = openGateway(config, {
    ...{ ...listening, folder: paths.point, logger, leases, seats },
    judge: { ...judge, identify: seats.identify },
  });
  if (gateway !== null) metrics.watchGateway(() => gateway.status());
  const runs = openRuns(config, { listening: proxying, dns, tap, gateway, leases: desk, logger });
  const recheckAll = (): Promise<void> => recheckEach([listener, runs, gateway]);
  // Its connections are judged again at once, but not while the bytes of one of them are being counted.
  budgets.onSpent = (): void => void setImmediate(() => void recheckAll());
  const breakGlass = openBreakGlassDesk({
    ...{ idPath: join(paths.point, 'id'), keptPath: keptPath(paths), clock, newId: createNewId(), records, logger },
  });
  const holders = { policy, budgets, grants, facts, breakGlass, leases, leaseSources };
  const enforcing = { listener, gateway, runs, recheckAll };
  return { clock, trust, dns, responseZones, network, ...holders, spool, metrics, driver, firstSeen, ...enforcing };
}

interface RunsParts extends Pick<RunDeskParts, 'tap'>, Pick<RunNetworkParts, 'leases' | 'logger'> {
  readonly listening: ProxyListenerOptions;
  readonly dns: DnsDesk;
  readonly gateway: GatewayDesk | null;
}

function openRuns(config: Config, { listening, dns, tap, ...parts }: RunsParts): RunDesk {
  const { clock, policy } = listening;
  // Its sockets come from another process as servers of Node.
  return createRunDesk({
    listening: { ...listening, driver: nodeDriver },
    filterFor: dns.filterFor,
    ...{ tap, networks: openNetworks({ config, clock, policy: policy.current, ...parts }) },
    ttlOf,
    httpPorts: namePortsOf(config).httpPorts,
    ...protectedPaths(config),
  });
}

type NetworksParts = Pick<RunNetworkParts, 'clock' | 'logger' | 'policy' | 'leases'> & {
  readonly config: Config;
  readonly gateway: GatewayDesk | null;
};

function openNetworks({ config, gateway, ...parts }: NetworksParts): RunNetworks | null {
  if (gateway === null || config.gateway?.run == null) return null;
  const linkSocket = runSocketOf(helperPaths(config).socket);
  const ranges = readRunRanges(config);
  return createRunNetworks({ ...parts, gateway, linkSocket, ranges: () => usableRanges(ranges) });
}

function inForceOf(policy: PolicyHolder, network: NetworkFactsSource): Pick<LeaseSourcesParts, 'policy' | 'network'> {
  return { policy: policy.current, network: network.current };
}

async function recheckEach(parts: readonly ({ recheckAll(): Promise<unknown> } | null)[]): Promise<void> {
  await Promise.all(parts.map((part) => part?.recheckAll()));
}

/** Who knows who asks: by leases, by what is presented, and by where on this machine it sits. */
interface Identities {
  readonly leases: LeaseDesk;
  readonly judge: Judge;
  readonly verifier: ProofVerifier;
  readonly seats: SeatBook;
}

function openIdentities(leases: LeaseDesk, trust: Trust): Identities {
  const judge = judgeBy(leases);
  // What the ruleset leads here from this machine itself; the proxy is spoken to by whoever likes, and takes no seat for a proof.
  const seats = createSeatBook(judge.identify);
  return { leases, judge, verifier: verifierWith(trust, leases.generation), seats };
}

// The only evaluator there is (DESIGN principle 1).
function judgeBy({ view }: LeaseDesk): Judge {
  return {
    identify: (directory, evidence, nowMs) => identify(directory, evidence, nowMs, view),
    decide,
    approve: approveAddresses,
  };
}

/** What a change of leases waits for: the proxy's connections, and what the gateway told the kernel. */
function gateOf(parts: () => { readonly listener: ProxyListener; readonly gateway: GatewayDesk | null }): LeaseGate {
  return {
    take: async (addresses) => {
      const { listener, gateway } = parts();
      const [, isTaken] = await Promise.all([listener.recheckAll(), gateway?.take(addresses) ?? true]);
      return isTaken;
    },
    give: async (addresses) => parts().gateway?.give(addresses) ?? true,
  };
}

function openSpool({ config, paths, clock, logger }: SpoolParts): Spool {
  const log: Parameters<typeof createSpool>[0]['log'] = ({ level, message }) => logger[level](message);
  return createSpool({ dir: paths.spool, ...config.decisions, clock, log });
}

interface SpoolParts {
  readonly config: Config;
  readonly paths: StatePaths;
  readonly clock: FiledClock;
  readonly logger: Logger;
}

function chooseDriver(config: Config, logger: Logger): TransportDriver {
  const driver = openDriver(config.transport, config.transportThreads);
  if (!driver.ok) {
    throw new ExeatError(driver.fault.code, `${driver.fault.message}; or write \`transport: auto\``);
  }
  const { name, threads, why } = driver.value;
  logger.info('transport', { driver: name, threads, ...(why === null ? {} : { why }) });
  return driver.value;
}

function openGateway(config: Config, parts: Omit<GatewayDeskParts, 'config' | 'gateway'>): GatewayDesk | null {
  return config.gateway === null ? null : openGatewayDesk({ ...parts, config, gateway: config.gateway });
}

/** What a command of a run must not write to, and what it must not see: neither may it change what judges it, nor take its secrets. */
function protectedPaths(config: Config): { readonly readOnly: readonly string[]; readonly hidden: readonly string[] } {
  const { tls, console, credentials, dns } = config;
  const secrets = [credentials, tls?.key, console.tls?.key, ...dns.responseZones.map(({ key }) => key?.secretFile)];
  return {
    readOnly: [config.policy, config.file],
    hidden: [config.state, ...secrets.filter((one) => one !== null && one !== undefined)],
  };
}

function keptPath(paths: StatePaths): string {
  return join(paths.point, 'break-glass.ndjson');
}

interface GrantParts {
  readonly paths: StatePaths;
  readonly verifyingKey: KeyObject;
  readonly clock: FiledClock;
  readonly logger: Logger;
  readonly budgets: FiledBudgets;
}

function openGrantHolder({ paths, verifyingKey, clock, logger, budgets }: GrantParts): GrantHolder {
  return createGrantHolder({
    path: paths.grants,
    endedPath: join(paths.point, 'revoked.json'),
    verifyingKey,
    clock,
    logger,
    local: readTakenGrants(keptPath(paths), clock.now()),
    changed: (index) => budgets.adopt(index, clock.now()),
  });
}

// Made anew only when a part changed: every decision asks.
function joinFacts(policy: PolicyHolder, grants: GrantHolder, { spent }: FiledBudgets): () => DecisionFacts {
  let facts: DecisionFacts = { ...policy.facts(), grants: grants.index(), spent };
  let from = policy.facts();
  return () => {
    if (policy.facts() === from && grants.index() === facts.grants) return facts;
    from = policy.facts();
    facts = { ...from, grants: grants.index(), spent };
    return facts;
  };
}

function loadKey(paths: StatePaths): KeyObject {
  const key = loadVerifyingKey(paths.keys);
  if (!key.ok) throw new ExeatError(key.fault.code, key.fault.message);
  return key.value;
}

function listenerSettings(
  config: Config,
  tls: ReturnType<typeof createProxyTls>,
): Partial<Omit<ProxyListenerOptions, 'budgets'>> {
  const { upstreamProxy } = config;
  return {
    limits: config.limits,
    ...(tls === null ? {} : { tls }),
    allowCleartextProof: config.allowCleartextProofs,
    onFull: config.audit.onFull,
    requestBase: config.console.url,
    upstreamProxy: upstreamProxy === null ? null : upstreamProxy.url,
  };
}
