import { join } from 'node:path';
import { ExeatError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { createResolver, type DnsResolver } from '../../dns/index.ts';
import { identify } from '../../identity/index.ts';
import { approveAddresses, decide } from '../../policy/index.ts';
import { createProxyListener, type ProxyListener, type ProxyListenerOptions } from '../../proxy/index.ts';
import { loadVerifyingKey } from '../../snapshot/index.ts';
import { createSpool, type Spool } from '../../spool/index.ts';
import { createTrust, type Trust } from '../../trust/index.ts';
import type { Logger } from '../logger.ts';
import { createNewId } from '../new-id.ts';
import type { StatePaths } from '../state-folder.ts';
import { type FirstSeenFile, openFirstSeenFile } from './first-seen-file.ts';
import { createNetworkFacts, type NetworkFactsSource } from './network-facts.ts';
import { createPointMetrics, type PointMetrics } from './point-metrics.ts';
import { createPolicyHolder, type PolicyHolder } from './policy-holder.ts';
import { createProxyObserver } from './proxy-observer.ts';
import { createProxyTls } from './proxy-tls.ts';
import { createRecordTap } from './record-tap.ts';
import { toTrustOptions } from './trust-options.ts';

/** Every part of the point, made and joined; nothing listens yet. */
export interface PointAssembly {
  readonly trust: Trust;
  readonly resolver: DnsResolver;
  readonly network: NetworkFactsSource;
  readonly policy: PolicyHolder;
  readonly spool: Spool;
  readonly metrics: PointMetrics;
  readonly firstSeen: FirstSeenFile;
  readonly listener: ProxyListener;
}

/** Makes the parts of the point, each once, in the order in which they need each other. Throws an ExeatError with one line. */
export async function assemblePoint(config: Config, paths: StatePaths, logger: Logger): Promise<PointAssembly> {
  const clock = { now: Date.now };
  const trust = await createTrust(toTrustOptions(config, clock, logger));
  const resolver = createResolver({ clock, servers: config.resolver.servers, hosts: config.hosts });
  const network = createNetworkFacts(config.localOrigins);
  const policy = openHolder(paths);
  const spool = createSpool({
    dir: paths.spool,
    ...config.decisions,
    clock,
    log: ({ level, message }) => logger[level](message),
  });
  const metrics = createPointMetrics({
    spool: () => spool.counts(),
    isKeeping: () => spool.isKeeping,
    policy: policy.current,
    openConnections: () => listener.counts().connections,
    firstSeenOverflowed: () => firstSeen.overflowed(),
    trustProblems: () => trust.status(clock.now()).problems.length,
    resolver: () => resolver.counts(),
  });
  const firstSeen = await openFirstSeenFile(join(paths.point, 'first-seen.ndjson'), logger);
  const records = createRecordTap({ spool, firstSeen, metrics, logger, newId: createNewId() });
  const observer = createProxyObserver(metrics, logger);
  const listener: ProxyListener = createProxyListener({
    policy: { current: policy.current, facts: policy.facts, network: network.current },
    verifier: trust,
    resolver,
    records,
    clock,
    newId: createNewId(),
    observer,
    // The only evaluator there is (DESIGN principle 1).
    judge: { identify, decide, approve: approveAddresses },
    ...listenerSettings(config, trust),
  });
  return { trust, resolver, network, policy, spool, metrics, firstSeen, listener };
}

function openHolder(paths: StatePaths): PolicyHolder {
  const key = loadVerifyingKey(paths.keys);
  if (!key.ok) throw new ExeatError(key.fault.code, key.fault.message);
  return createPolicyHolder(paths.snapshot, key.value);
}

function listenerSettings(config: Config, trust: Trust): Partial<ProxyListenerOptions> {
  const { upstreamProxy } = config;
  const tls = createProxyTls(trust);
  return {
    limits: config.limits,
    ...(tls === null ? {} : { tls }),
    allowCleartextProof: config.allowCleartextProofs,
    onFull: config.audit.onFull,
    upstreamProxy: upstreamProxy === null ? null : upstreamProxy.url,
  };
}
