import type { Result } from '../base/index.ts';
import {
  type ConnectionFacts,
  type Conversation,
  grantsOfFlow,
  type RecordSink,
  RepeatedDenials,
  type Resolver,
  ServiceCounter,
  type SessionPorts,
  type VerifyProof,
} from '../enforcement/index.ts';
import type { DecisionRecord } from '../policy/index.ts';
import { nodeDriver, type TransportDriver } from './driver.ts';
import { LiveFlows } from './live-flows.ts';
import { RepeatWriter } from './repeat-writer.ts';
import type { HandshakeMaterial, ListenAddress, ListenTarget, Transport } from './transport.ts';

/** What a listener of conversations is made of. */
export interface SessionListenerOptions {
  /** The ports of its conversations; those that count are its own. */
  readonly ports: Omit<SessionPorts, 'denials' | 'registry' | 'records' | 'resolver'>;
  readonly records: RecordSink;
  readonly resolver: Resolver;
  readonly verify: VerifyProof;
  /** TLS from clients; asked at every handshake. Null: not configured, a client that starts TLS is reset. */
  tls(): HandshakeMaterial | null;
  /** The parent proxy that `dial_parent` reaches, or null. */
  readonly parent: ListenAddress | null;
  converse(ports: SessionPorts, facts: ConnectionFacts): Conversation;
  /** What moves the bytes. Default: the driver over `node:net`. */
  readonly driver?: TransportDriver;
}

/** How many connections are open. */
export interface ConnectionCounts {
  readonly connections: number;
  /** Those whose principal is known. */
  readonly identified: number;
  /** The same by service, only those that have any. */
  readonly byService: ReadonlyMap<string, number>;
}

/** A listener of conversations at work. */
export interface SessionListener {
  /** Starts listening; may be called several times. Faults: `listen_address_in_use`, `listen_forbidden` and other socket faults. */
  listen(target: ListenTarget): Promise<Result<ListenAddress>>;
  /** Where it listens, in order of `listen`; empty before. */
  readonly addresses: readonly ListenAddress[];
  /**
   * Judges every live flow again and cuts what nothing justifies any more; says how many were cut. To be called when a policy came
   * into force, trust material changed, or a revocation arrived.
   */
  recheckAll(): Promise<number>;
  /** Cuts every connection from these addresses (canonical text), idle ones too: they belong to somebody else from now on. Says how many. */
  cutSources(sources: ReadonlySet<string>): number;
  counts(): ConnectionCounts;
  /** How many live connections each grant justifies, only those that justify any. */
  liveByGrant(): ReadonlyMap<string, number>;
  /** Stops accepting, lets live flows go on for `drainMs`, then cuts them. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** Creates a listener of conversations: a driver, the judging of live flows again, and the counting of repeated denials. */
export function createSessionListener(options: SessionListenerOptions): SessionListener {
  const { observer, settings, clock, newId } = options.ports;
  const registry = new ServiceCounter(settings.limits);
  const denials = new RepeatedDenials(newId);
  const { records, resolver } = options;
  const ports: SessionPorts = { ...options.ports, records, resolver, denials, registry };
  const record = (each: DecisionRecord): void => {
    if (!records.write(each)) observer.recordLost();
  };
  const flows = new LiveFlows({ ports, links: () => transport.links, record });
  const transport: Transport = (options.driver ?? nodeDriver).create({
    clock,
    limits: settings.limits,
    tls: () => options.tls(),
    parent: options.parent,
    startConversation: (facts) => options.converse(ports, facts),
    verify: options.verify,
    resolve: (name) => resolver.resolve(name),
    record,
    opened: () => observer.opened(),
    failed: (where, error) => observer.failed(where, error),
    outOfBudget: (link, meter) => flows.outOfBudget(link, meter),
    flowChanged: (link) => flows.changed(link),
  });
  const sums = new RepeatWriter({ denials, clock, record });
  return new AssembledListener({ transport, flows, registry, sums });
}

interface Parts {
  readonly transport: Transport;
  readonly flows: LiveFlows;
  readonly registry: ServiceCounter;
  readonly sums: RepeatWriter;
}

class AssembledListener implements SessionListener {
  readonly addresses: ListenAddress[] = [];
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async listen(target: ListenTarget): Promise<Result<ListenAddress>> {
    const bound = await this.#parts.transport.listen(target);
    if (!bound.ok) return bound;
    this.addresses.push(bound.value);
    this.#parts.flows.start();
    this.#parts.sums.start();
    return bound;
  }

  recheckAll(): Promise<number> {
    return this.#parts.flows.recheckAll();
  }

  cutSources(sources: ReadonlySet<string>): number {
    const cut = [...this.#parts.transport.links].filter(({ sourceAddress }) => sources.has(sourceAddress));
    for (const link of cut) link.cut('policy_changed');
    return cut.length;
  }

  counts(): ConnectionCounts {
    const { transport, registry } = this.#parts;
    return { connections: transport.links.size, identified: registry.total, byService: new Map(registry.byService) };
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
