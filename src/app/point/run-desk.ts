import { randomUUID } from 'node:crypto';
import { ExeatError } from '../../base/index.ts';
import { createDnsListener, type DnsFilter, giveDatagramSocket } from '../../dns/index.ts';
import type { Judge } from '../../enforcement/index.ts';
import { createNameListener, type NameListener, type NameListenerOptions } from '../../gateway/index.ts';
import { identify, type LocalEvidence } from '../../identity/index.ts';
import type { CompiledPolicy, ServiceSummary } from '../../policy/index.ts';
import { createProxyListener, type ProxyListener, type ProxyListenerOptions } from '../../proxy/index.ts';
import type { AskerParts } from './dns-desk.ts';
import { evidenceOfPeer, userName } from './host-names.ts';
import { parseRunRequest } from './parse-run-request.ts';
import type { AdmittedRun, DoorCaller, RunSockets } from './run-door.ts';
import type { RunNetwork, RunNetworkAnswer, RunNetworks } from './run-networks.ts';
import { RunRecords, type RunTally } from './run-tally.ts';
import type { RunTap } from './run-tap.ts';

/** What the door tells a caller whose run is admitted. Paths are absolute. */
export interface RunAnswer {
  readonly id: string;
  readonly service: string;
  readonly mode: 'observe' | 'enforce';
  readonly policyVersion: string;
  /** What the command must not write to, and what it must not see. */
  readonly readOnly: readonly string[];
  readonly hidden: readonly string[];
  /** The link of its own that it leads out by; null: its network is a loopback. */
  readonly network: RunNetworkAnswer | null;
}

/** The last line of the door. */
export interface RunReport extends RunTally {
  readonly id: string;
}

/** The runs of a point. */
export interface RunDesk {
  admit(caller: DoorCaller): Promise<AdmittedRun>;
  /** Judges every live connection of runs again. */
  recheckAll(): Promise<void>;
  liveByGrant(): ReadonlyMap<string, number>;
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** What it is made of. `listening` is what every proxy listener of the point is made of. */
export interface RunDeskParts {
  readonly listening: ProxyListenerOptions;
  readonly filterFor: (parts: AskerParts) => DnsFilter;
  /** Runs behind the gateway, and what is written down of their addresses. Null: there is no gateway for runs. */
  readonly networks: RunNetworks | null;
  readonly tap: RunTap;
  readonly ttlOf: (reply: Uint8Array) => number;
  /** Ports that are read as HTTP; others that a run listens on are read as TLS. */
  readonly httpPorts: readonly number[];
  readonly readOnly: readonly string[];
  readonly hidden: readonly string[];
}

const mostRuns = 64;
const flushMs = 500;
// A command has ended: its connections are closed with its namespace, and their last records are a turn away.
const drainMs = 200;
const loopback = '127.0.0.1';

/** Makes the desk. */
export function createRunDesk(parts: RunDeskParts): RunDesk {
  const runs = new Set<Run>();
  return {
    admit: async (caller) => {
      if (runs.size >= mostRuns)
        throw new ExeatError('run_limit', `${mostRuns} runs are open, which is all there may be`);
      const run = await openRun(parts, caller);
      runs.add(run);
      return {
        answer: run.answer,
        end: async () => {
          runs.delete(run);
          return run.close(drainMs);
        },
      };
    },
    recheckAll: async () => void (await Promise.all([...listenersOf(runs), ...runs].map((one) => one.recheckAll()))),
    liveByGrant: () => {
      const live = new Map<string, number>();
      for (const [id, count] of listenersOf(runs).flatMap((one) => [...one.liveByGrant()]))
        live.set(id, (live.get(id) ?? 0) + count);
      return live;
    },
    close: async (options) => {
      await Promise.all([...runs].map((run) => run.close(options.drainMs)));
      parts.networks?.close();
    },
  };
}

interface Run {
  readonly answer: RunAnswer;
  /** The proxy, and what is read by name. */
  readonly listeners: readonly (ProxyListener | NameListener)[];
  /** Takes the addresses of the run away where the policy in force does not list its caller any more. */
  recheckAll(): Promise<void>;
  close(drainMs: number): Promise<RunReport>;
}

async function openRun(parts: RunDeskParts, { peer, request, sockets, namespace }: DoorCaller): Promise<Run> {
  const { service } = parseRunRequest(request);
  const evidence = await evidenceOfPeer(peer);
  const policy = parts.listening.policy.current();
  if (policy === null) throw new ExeatError('no_policy', 'no policy is in force, see `exeat status`');
  const summary = policy.service(service);
  if (summary === null)
    throw new ExeatError(
      'service_unknown',
      `the policy in force has no service \`${service}\`, see \`exeat policy check\``,
    );
  const asRun = identifyRun(service, evidence);
  const isListed = (directory: CompiledPolicy): boolean =>
    asRun(directory, { source: loopback, presented: [] }, parts.listening.clock.now()).kind === 'identified';
  if (!isListed(policy)) {
    const name = await userName(peer.uid);
    throw new ExeatError(
      'caller_not_listed',
      `user \`${name}\` may not run as \`${service}\`: none of its identities is this user or one of its groups, add \`- local: { user: ${name} }\` to it`,
    );
  }
  const network = (await parts.networks?.open({ service, namespace })) ?? null;
  try {
    return await serveRun(parts, { service, summary, isListed, asRun, network, sockets });
  } catch (error) {
    await network?.end();
    throw error;
  }
}

interface AdmittedCaller {
  readonly service: string;
  readonly summary: ServiceSummary;
  readonly isListed: (policy: CompiledPolicy) => boolean;
  readonly asRun: Judge['identify'];
  readonly network: RunNetwork | null;
  readonly sockets: RunSockets;
}

async function serveRun(parts: RunDeskParts, caller: AdmittedCaller): Promise<Run> {
  const { service, summary, isListed, asRun, network, sockets } = caller;
  const { policy } = parts.listening;
  const id = randomUUID();
  const records = new RunRecords(parts.listening.records);
  const judge = { ...parts.listening.judge, identify: asRun };
  const proxy = createProxyListener({ ...parts.listening, judge, records, tls: null, servesPac: false });
  // Behind the gateway it is the listener of the gateway that reads names.
  const names = network === null ? createNameListener({ ...nameParts(parts), judge, records }) : null;
  if (names === null) for (const one of sockets.names) one.close();
  const filter = parts.filterFor({ identify: asRun, records, isRouted: network !== null });
  const dns = createDnsListener({
    answer: (...asked) => filter.answer(...asked),
    ttlOf: parts.ttlOf,
    clock: parts.listening.clock,
    createDatagramSocket: () => giveDatagramSocket(sockets.dnsDatagram),
  });
  await listenOn(sockets, { proxy, names, dns });
  const unhear = parts.tap.listen(network?.addresses ?? [], (record) => records.note(record));
  const flushing = setInterval(() => filter.flush(false), flushMs);
  const mode =
    summary.mode === 'observe' && parts.listening.clock.now() < (summary.observeUntil ?? 0) ? 'observe' : 'enforce';
  const { readOnly, hidden } = parts;
  const listeners = names === null ? [proxy] : [proxy, names];
  let closing: Promise<RunReport> | null = null;
  const close = async (withinMs: number): Promise<RunReport> => {
    await Promise.all([...listeners.map((one) => one.close({ drainMs: withinMs })), network?.end()]);
    unhear();
    await dns.close({ drainMs: 0 });
    clearInterval(flushing);
    filter.flush(true);
    return { id, ...records.tally() };
  };
  return {
    answer: {
      ...{ id, service, mode, policyVersion: policy.current()?.version ?? '', readOnly, hidden },
      network: network?.answer ?? null,
    },
    listeners,
    recheckAll: async () => {
      const current = policy.current();
      if (network !== null && (current === null || !isListed(current))) await network.cut();
    },
    close: (withinMs) => {
      closing ??= close(withinMs);
      return closing;
    },
  };
}

function listenersOf(runs: ReadonlySet<Run>): readonly (ProxyListener | NameListener)[] {
  return [...runs].flatMap((run) => run.listeners);
}

// Programs that know no proxy connect to what DNS told them: each address leads to a listener of the namespace, and what they say names it.
function nameParts({ listening, httpPorts }: RunDeskParts): Omit<NameListenerOptions, 'judge' | 'records'> {
  const { policy, resolver, budgets, clock, newId, limits, onFull, requestBase, observer } = listening;
  return {
    ...{ policy, resolver, budgets, clock, newId, httpPorts: new Set(httpPorts), requestBase: requestBase ?? null },
    ...(limits === undefined ? {} : { limits }),
    ...(onFull === undefined ? {} : { onFull }),
    ...(observer === undefined ? {} : { observer }),
  };
}

interface RunListeners {
  readonly proxy: ProxyListener;
  readonly names: NameListener | null;
  readonly dns: ReturnType<typeof createDnsListener>;
}

async function listenOn(sockets: RunSockets, { proxy, names, dns }: RunListeners): Promise<void> {
  const at = { host: loopback, port: 53 };
  const bound = [
    await proxy.listen({ given: sockets.proxy }),
    ...(names === null ? [] : [await names.listen(sockets.names.map((given) => ({ given })))]),
    await dns.listen([
      { ...at, transport: 'tcp', given: sockets.dnsStream },
      { ...at, transport: 'udp' },
    ]),
  ];
  for (const result of bound) if (!result.ok) throw new ExeatError(result.fault.code, result.fault.message);
}

/**
 * Who speaks on the sockets of a run: its service, by what the kernel said of the caller, and nobody else. The policy in force is asked each
 * time, so that an identity that is taken from it ends with it. A proof that the command presents may only say the same.
 */
export function identifyRun(service: string, evidence: LocalEvidence): Judge['identify'] {
  return (directory, asked, nowMs) => {
    const { source } = asked;
    if (asked.presented.length > 0) {
      const other = identify(directory, asked, nowMs);
      const isSame = other.kind === 'identified' && other.principal.service === service;
      return isSame ? other : { kind: 'refused', reason: 'identity_conflict' };
    }
    const own = {
      matchPresented: (set: typeof asked) => directory.matchPresented(set).filter((match) => match.service === service),
      matchSource: () => [],
    };
    return identify(own, { source, presented: [evidence] }, nowMs);
  };
}
