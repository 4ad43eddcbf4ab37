import { randomBytes } from 'node:crypto';
import { ExeatError, type Result } from '../base/index.ts';
import {
  defaultLimits,
  grantsOfFlow,
  proxySession,
  RepeatedDenials,
  ServiceCounter,
  type SessionPorts,
  type SessionSettings,
  silentObserver,
} from '../enforcement/index.ts';
import type { DecisionRecord } from '../policy/index.ts';
import {
  createNodeTransport,
  type HandshakeMaterial,
  type ListenAddress,
  LiveFlows,
  RepeatWriter,
  type Transport,
} from '../transport/index.ts';
import type { ProxyCounts, ProxyListenerOptions, ProxyTls } from './options.ts';
import { pacScript } from './pac.ts';
import { type ParentProxy, parseParentUrl } from './parent-url.ts';

/** A proxy listener at work. */
export interface ProxyListener {
  /** Starts listening; may be called for several addresses. Faults: `listen_address_in_use`, `listen_forbidden` and other socket faults. */
  listen(address: ListenAddress): Promise<Result<ListenAddress>>;
  /** Where it listens, in order of `listen`; empty before. */
  readonly addresses: readonly ListenAddress[];
  /**
   * Judges every live flow again and cuts what nothing justifies any more; says how many were cut. To be called when a policy came
   * into force, trust material changed, or a revocation arrived.
   */
  recheckAll(): Promise<number>;
  counts(): ProxyCounts;
  /** How many live connections each grant justifies, only those that justify any. */
  liveByGrant(): ReadonlyMap<string, number>;
  /** Stops accepting, lets live flows go on for `drainMs`, then cuts them. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** Creates a proxy listener. Throws `ExeatError` (`parent_malformed`) for an `upstreamProxy` that is no URL of a proxy. */
export function createProxyListener(options: ProxyListenerOptions): ProxyListener {
  const observer = options.observer ?? silentObserver;
  const parent = parentOf(options);
  const settings = settingsOf(options, parent);
  const counter = new ServiceCounter(settings.limits);
  const denials = new RepeatedDenials(options.newId);
  const ports: SessionPorts = {
    clock: options.clock,
    newId: options.newId,
    policy: options.policy,
    judge: options.judge,
    verifier: options.verifier,
    resolver: options.resolver,
    records: options.records,
    budgets: options.budgets,
    denials,
    registry: counter,
    observer,
    settings,
  };
  const record = (each: DecisionRecord): void => {
    if (!options.records.write(each)) observer.recordLost();
  };
  const flows = new LiveFlows({ ports, links: () => transport.links, record });
  const transport: Transport = createNodeTransport({
    clock: options.clock,
    limits: settings.limits,
    tls: () => materialOf(options.tls ?? null),
    parent: parent?.address ?? null,
    startConversation: (facts) => proxySession(ports, facts),
    verify: (proof, nowMs) => options.verifier.verify(proof, nowMs),
    resolve: (name) => options.resolver.resolve(name),
    record,
    opened: () => observer.opened(),
    failed: (where, error) => observer.failed(where, error),
    outOfBudget: (link, meter) => flows.outOfBudget(link, meter),
    flowChanged: (link) => flows.changed(link),
  });
  const sums = new RepeatWriter({ denials, clock: options.clock, record });
  return new AssembledListener({ transport, flows, counter, sums });
}

interface Parts {
  readonly transport: Transport;
  readonly flows: LiveFlows;
  readonly counter: ServiceCounter;
  readonly sums: RepeatWriter;
}

class AssembledListener implements ProxyListener {
  readonly addresses: ListenAddress[] = [];
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async listen(address: ListenAddress): Promise<Result<ListenAddress>> {
    const bound = await this.#parts.transport.listen(address);
    if (!bound.ok) return bound;
    this.addresses.push(bound.value);
    this.#parts.flows.start();
    this.#parts.sums.start();
    return bound;
  }

  recheckAll(): Promise<number> {
    return this.#parts.flows.recheckAll();
  }

  counts(): ProxyCounts {
    const { transport, counter } = this.#parts;
    return { connections: transport.links.size, identified: counter.total, byService: new Map(counter.byService) };
  }

  liveByGrant(): ReadonlyMap<string, number> {
    const live = new Map<string, number>();
    for (const { flow } of this.#parts.transport.links) {
      for (const id of flow === null ? [] : grantsOfFlow(flow)) live.set(id, (live.get(id) ?? 0) + 1);
    }
    return live;
  }

  async close(closing: { readonly drainMs: number }): Promise<void> {
    await this.#parts.transport.close(closing);
    this.#parts.flows.stop();
    this.#parts.sums.stop();
  }
}

function settingsOf(options: ProxyListenerOptions, parent: ParentProxy | null): SessionSettings {
  const servesPac = options.servesPac ?? true;
  return {
    limits: { ...defaultLimits, ...options.limits },
    allowCleartextProof: options.allowCleartextProof ?? false,
    onFull: options.onFull ?? 'auto',
    requestBase: options.requestBase ?? null,
    viaName: `exeat-${randomBytes(8).toString('hex')}`,
    parent: parent === null ? null : { authorization: parent.authorization },
    pac: servesPac ? (authority): string => pacScript(authority, options.policy.current()?.segments() ?? []) : null,
  };
}

function parentOf({ upstreamProxy }: ProxyListenerOptions): ParentProxy | null {
  if (upstreamProxy === undefined || upstreamProxy === null) return null;
  const parsed = parseParentUrl(upstreamProxy);
  if (parsed.ok) return parsed.value;
  throw new ExeatError(parsed.fault.code, parsed.fault.message);
}

function materialOf(tls: ProxyTls | null): HandshakeMaterial | null {
  return tls === null ? null : { context: tls.context(), requestCertificate: tls.requestCertificate };
}
