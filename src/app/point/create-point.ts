import { join } from 'node:path';
import { ExeatError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { createResolver } from '../../dns/index.ts';
import type { SegmentSummary } from '../../policy/index.ts';
import {
  createPacListener,
  createProxyListener,
  type PacListener,
  type ProxyListener,
  type ProxyListenerOptions,
} from '../../proxy/index.ts';
import { loadVerifyingKey } from '../../snapshot/index.ts';
import { createSpool } from '../../spool/index.ts';
import { createTrust, type Trust } from '../../trust/index.ts';
import { tellSupervisor } from '../ipc.ts';
import { listenFault } from '../listen-fault.ts';
import { serveLocal } from '../local-socket.ts';
import { createLogger } from '../logger.ts';
import { createNewId } from '../new-id.ts';
import { type StatePaths, statePaths } from '../state-folder.ts';
import { acquireStateLock } from '../state-lock.ts';
import { openFirstSeenFile } from './first-seen-file.ts';
import { createNetworkFacts } from './network-facts.ts';
import { createPointAnswers } from './point-answers.ts';
import { createPointMetrics } from './point-metrics.ts';
import { createPolicyHolder, type PolicyHolder } from './policy-holder.ts';
import { createProxyObserver } from './proxy-observer.ts';
import { createProxyTls } from './proxy-tls.ts';
import { createRecordTap } from './record-tap.ts';
import { toTrustOptions } from './trust-options.ts';

/** The point process, running. */
export interface Point {
  reload(): void;
  close(): Promise<void>;
}

// An `up` that was killed leaves its point for a moment; the next one waits for it to go.
const lockWaitMs = 3_000;
// Within the time that the supervisor gives; what is still open then is cut and recorded as `shutdown`.
const drainMs = 800;

/** Assembles the point, top to bottom. Throws an ExeatError with one line when it cannot start. */
export async function createPoint(config: Config): Promise<Point> {
  const clock = { now: Date.now };
  const logger = createLogger('point');
  const paths = statePaths(config.state);
  const lock = acquireStateLock(join(paths.point, 'lock.db'), lockWaitMs);
  if (!lock.ok) throw new ExeatError(lock.fault.code, lock.fault.message);
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
  });
  const firstSeen = await openFirstSeenFile(join(paths.point, 'first-seen.ndjson'), logger);
  const records = createRecordTap({ spool, firstSeen, metrics, logger, newId: createNewId() });
  const observer = createProxyObserver(metrics, logger);
  const listener = createProxyListener({
    policy: { current: policy.current, facts: policy.facts, network: network.current },
    verifier: trust,
    resolver,
    records,
    clock,
    newId: createNewId(),
    observer,
    ...listenerSettings(config, trust),
  });
  trust.onChange(() => void listener.recheckAll());
  const apply = async (): Promise<string> => {
    const applied = await policy.apply();
    if (!applied.ok) throw new ExeatError(applied.fault.code, applied.fault.message);
    await listener.recheckAll();
    return applied.value;
  };
  // The last good policy is in force before the first connection; without one everything is denied.
  const first = await policy.apply();
  if (!first.ok) logger.warn('no policy in force yet, everything is denied', { cause: first.fault.message });
  const parts = { config, policy, network, resolver, trust, spool, metrics, apply };
  const server = await serveLocal(paths.pointSocket, createPointAnswers(parts));
  const proxy = await openProxy(config, listener);
  const pac = await openPac(config, listener.addresses[0]?.port ?? 0, policy);
  const addresses = { proxy, ...(pac === null ? {} : { pac: addressText(pac.address) }) };
  tellSupervisor({ kind: 'listening', addresses });
  return {
    reload: () =>
      void trust
        .reload()
        .catch((error: unknown) => logger.error('trust material was not read', { cause: String(error) })),
    close: async () => {
      // Records of what is cut now are still written: the spool closes last.
      await Promise.all([listener.close({ drainMs }), server.close(), pac?.close()]);
      network.close();
      resolver.close();
      await Promise.all([firstSeen.close(), trust.close(), spool.close()]);
      lock.value.release();
    },
  };
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

async function openProxy(config: Config, listener: ProxyListener): Promise<string> {
  const { address, port } = config.listen.proxy;
  const bound = await listener.listen({ host: address, port });
  if (bound.ok) return addressText(bound.value);
  const { code, message } = bound.fault;
  throw new ExeatError(code, listenFault('listen.proxy', config.listen.proxy, `${code} ${message}`));
}

async function openPac(config: Config, proxyPort: number, policy: PolicyHolder): Promise<PacListener | null> {
  const at = config.listen.pac;
  if (at === null) return null;
  const segments = (): readonly SegmentSummary[] => policy.current()?.segments() ?? [];
  const pac = await createPacListener({ address: { host: at.address, port: at.port }, proxyPort, segments });
  if (pac.ok) return pac.value;
  throw new ExeatError(pac.fault.code, listenFault('listen.pac', at, pac.fault.message));
}

function addressText({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
