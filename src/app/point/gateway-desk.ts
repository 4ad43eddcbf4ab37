import { join } from 'node:path';
import { ExeatError, type NewId } from '../../base/index.ts';
import type { Config, GatewayConfig } from '../../config/index.ts';
import type { IpPrefix } from '../../destination/index.ts';
import { type RecordSink, RepeatedDenials } from '../../enforcement/index.ts';
import {
  createKernelClient,
  createNameListener,
  type Drift,
  type DropCounts,
  type KernelClient,
  type NameListener,
  type NameListenerOptions,
  transparentFdsVariable,
} from '../../gateway/index.ts';
import type { CompiledPolicy, DecisionFacts, NetworkFacts } from '../../policy/index.ts';
import type { FiledClock } from '../clock-file.ts';
import { helperPaths } from '../gateway-helper.ts';
import type { Logger } from '../logger.ts';
import type { GatewayStatus } from '../status.ts';
import { openClassIds } from './class-ids.ts';
import { bindingsOf, computeGatewayPlane, type GatewayPlane, placeOf, type SourceClass } from './gateway-plane.ts';
import { KernelRecords } from './kernel-records.ts';
import { GatewayLeases } from './leases/gateway-leases.ts';
import type { LeaseBook } from './leases/lease-book.ts';
import type { LeaseGate } from './leases/lease-desk.ts';
import { openTenures } from './leases/tenures.ts';
import type { SeatBook } from './local-judge.ts';
import { findLocalPlace } from './local-place.ts';
import { readRunRanges, readRunsStatus } from './run-addresses.ts';
import { ToldAnswers } from './told-answers.ts';

/** Everything of the point that the transparent gateway needs: its listener, what the kernel is told, and what it counts. */
export interface GatewayDesk extends LeaseGate {
  readonly listener: NameListener;
  readonly answers: ToldAnswers;
  /** Listens on the sockets that the launcher made. Throws an ExeatError with one line. */
  listen(): Promise<void>;
  /** Brings the kernel to what is in force now; gives once it is there. */
  recheckAll(): Promise<void>;
  /** True once there are no links to runs but these. */
  keepRuns(indices: readonly number[]): Promise<boolean>;
  /** Writes down what the kernel counted up to now. */
  count(): Promise<void>;
  /** The same, as the last word on these source addresses: whoever had them is gone. */
  endSources(addresses: readonly string[]): Promise<void>;
  /** What is wrong, one line each; empty when all is well. */
  problems(): readonly string[];
  /** How it stands, for people and metrics. */
  status(): GatewayStatus;
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** What it is made of. */
export interface GatewayDeskParts
  extends Pick<NameListenerOptions, 'judge' | 'resolver' | 'budgets' | 'observer' | 'newId' | 'driver'> {
  readonly config: Config;
  readonly gateway: GatewayConfig;
  readonly folder: string;
  readonly clock: FiledClock;
  readonly newId: NewId;
  readonly records: RecordSink;
  readonly policy: {
    current(): CompiledPolicy | null;
    facts(): DecisionFacts;
    network(): NetworkFacts;
  };
  readonly logger: Logger;
  readonly leases: { readonly book: LeaseBook; readonly generation: () => number };
  /** Who of this machine sits where; told of every plane. */
  readonly seats: SeatBook;
}

const countEveryMs = 1_000;
/** Tens of thousands of edges take a second to list: counting has a tenth of the time at most. */
const countShare = 10;
/** What is live and what was told is judged again this often, whatever was announced. */
const sweepEveryMs = 15_000;
/** What is open by address is computed again this often, where nothing that it depends on has changed. */
const computeEveryMs = 300_000;
/** What a timer of Node takes at most. */
const longestTimerMs = 2 ** 31 - 1;

/** What the plane was computed of. */
interface Computed {
  readonly policy: CompiledPolicy | null;
  readonly facts: DecisionFacts;
  readonly network: NetworkFacts;
  readonly addresses: string;
  readonly now: number;
}

/** A drift that was undone stays a problem for so long; the last one is in `exeat gateway status` for good. */
const driftShownMs = 600_000;
// The rest is in `exeat gateway status`.
const mostShown = 3;

/** Makes the parts; nothing listens and the kernel is told nothing yet. */
export function openGatewayDesk(parts: GatewayDeskParts): GatewayDesk {
  return new AssembledGateway(parts);
}

class AssembledGateway implements GatewayDesk {
  readonly listener: NameListener;
  readonly answers: ToldAnswers;
  readonly #parts: GatewayDeskParts;
  readonly #kernel: KernelClient;
  readonly #records: KernelRecords;
  readonly #denials: RepeatedDenials;
  readonly #ids: ReturnType<typeof openClassIds>;
  readonly #runRanges: readonly IpPrefix[];
  /** The links to runs that there are to be; those of an earlier point go. */
  #runs: readonly number[] = [];
  readonly #leases: GatewayLeases;
  readonly #seatIds: ReturnType<typeof openClassIds>;
  #plane: GatewayPlane | null = null;
  #classes: ReadonlyMap<number, SourceClass> = new Map();
  #byService: ReadonlyMap<string, readonly SourceClass[]> = new Map();
  #problem: string | null = 'the kernel was told nothing yet';
  #lastDrift: Drift | null = null;
  #drifts = 0;
  #dropped: DropCounts = { spoofed: 0, invalid: 0, inbound: 0 };
  #running: Promise<void> | null = null;
  #isAgain = false;
  #counting: Promise<void> | null = null;
  /** Not before (performance.now). */
  #countAt = 0;
  #computed: Computed | null = null;
  #waking: NodeJS.Timeout | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: GatewayDeskParts) {
    this.#parts = parts;
    const { clock, newId, records, policy, gateway } = parts;
    this.#runRanges = readRunRanges(parts.config);
    this.#ids = openClassIds(join(parts.folder, 'source-classes'));
    this.#seatIds = openClassIds(join(parts.folder, 'seats'));
    this.#kernel = createKernelClient(helperPaths(parts.config).socket, {
      remaining: () => this.answers.remaining(),
      leases: () => this.#leases.entries(),
      runs: () => this.#runs,
      onDrift: (drift) => this.#drifted(drift),
      onState: ({ isConnected, fault }) => this.#helperChanged(isConnected, fault),
    });
    this.#leases = new GatewayLeases({
      ...{ clock, kernel: this.#kernel, book: parts.leases.book, bindsMac: gateway.binding === 'mac' },
      tenures: openTenures(join(parts.folder, 'tenures')),
    });
    this.#denials = new RepeatedDenials(newId);
    this.answers = new ToldAnswers({
      ...{ clock, kernel: this.#kernel, policy: policy.current, facts: policy.facts, network: policy.network },
      graceMs: gateway.graceMs,
      classesOf: (service) => this.#byService.get(service) ?? [],
    });
    this.#records = new KernelRecords({
      ...{ clock, newId, records, denials: this.#denials, policy: policy.current, facts: policy.facts },
      classOf: (id) => this.#classes.get(id) ?? null,
      toldName: (id, address) => this.answers.nameOf(id, address),
    });
    this.listener = createNameListener({
      ...{ policy, records, clock, newId, judge: parts.judge, resolver: parts.resolver, budgets: parts.budgets },
      httpPorts: new Set(gateway.httpPorts),
      generation: parts.leases.generation,
      limits: parts.config.limits,
      onFull: parts.config.audit.onFull,
      requestBase: parts.config.console.url,
      ...(parts.observer === undefined ? {} : { observer: parts.observer }),
      ...(parts.driver === undefined ? {} : { driver: parts.driver }),
    });
  }

  async listen(): Promise<void> {
    const descriptors = (process.env[transparentFdsVariable] ?? '').split(',').filter((one) => /^\d+$/.test(one));
    const listening = await this.listener.listen(descriptors.map(Number));
    if (!listening.ok) {
      throw new ExeatError(listening.fault.code, `the gateway has no transparent sockets: ${listening.fault.message}`);
    }
    checkPort(listening.value, this.#parts.gateway.port);
    this.#timer = setInterval(() => this.#tick(), countEveryMs);
    this.#timer.unref();
  }

  async recheckAll(): Promise<void> {
    if (this.#running !== null) {
      this.#isAgain = true;
      return this.#running;
    }
    this.#running = this.#recheck().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async take(addresses: readonly string[]): Promise<boolean> {
    // First the kernel: what it passes until then is still of who had the address.
    const isClosed = await this.#leases.close(addresses);
    await this.listener.recheckAll();
    this.listener.cutSources(new Set(addresses));
    // Of a service that nobody is any more goes what DNS told it.
    this.#foldClasses();
    await this.answers.recheckAll();
    return isClosed && (await this.#leases.clear(addresses));
  }

  async give(addresses: readonly string[]): Promise<boolean> {
    this.#leases.add(addresses);
    await this.recheckAll();
    return this.#leases.holds(addresses);
  }

  keepRuns(indices: readonly number[]): Promise<boolean> {
    this.#runs = indices;
    return this.#kernel.keepRuns(indices);
  }

  async count(): Promise<void> {
    // One that is on its way may have begun before the last packets.
    await this.#counting;
    await this.#countNow();
  }

  async endSources(addresses: readonly string[]): Promise<void> {
    await this.count();
    this.#records.end(new Set(addresses));
  }

  problems(): readonly string[] {
    const last = this.#lastDrift;
    const isPast = last?.isUndone === true && this.#parts.clock.now() - last.at > driftShownMs;
    const drift = last === null || isPast ? null : driftProblem(last);
    const held = [this.#problem, drift].filter((one) => one !== null);
    return [...held, ...(this.#plane?.problems ?? [])].map((one) => `gateway: ${one}`);
  }

  status(): GatewayStatus {
    const drift = this.#lastDrift;
    return {
      isConnected: this.#kernel.isConnected(),
      isInForce: this.#problem === null && drift?.isUndone !== false,
      services: this.#byService.size,
      sources: this.#plane?.plan.sources.length ?? 0,
      openEntries: this.#plane?.plan.open.length ?? 0,
      toldEntries: this.answers.size(),
      connections: this.listener.counts().connections,
      runs: readRunsStatus(this.#runRanges, this.#runs.length),
      ...this.#records.totals(),
      droppedPackets: this.#dropped,
      drifts: this.#drifts,
      lastDrift: drift === null ? null : { ...drift, at: new Date(drift.at).toISOString() },
      problems: this.problems(),
    };
  }

  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#wakeAt(null);
    await this.listener.close({ drainMs });
    await this.count();
    this.#records.close();
    for (const sum of this.#denials.takeAll(this.#parts.clock.now())) this.#parts.records.write(sum);
    this.#kernel.close();
  }

  async #recheck(): Promise<void> {
    do {
      this.#isAgain = false;
      // What was told goes first: it is what a revocation ends, and takes milliseconds.
      await Promise.all([this.listener.recheckAll(), this.answers.recheckAll()]);
      await this.#applyPlane();
    } while (this.#isAgain);
  }

  // Without a policy the kernel is told all the same: of a plan that lets nobody out.
  async #applyPlane(): Promise<void> {
    const { policy, clock, gateway, config } = this.#parts;
    const moment = { policy: policy.current(), facts: policy.facts(), network: policy.network(), now: clock.now() };
    const isChanged = this.#problem !== null || this.#isChanged(moment);
    if (!isChanged && !this.#leases.isStale) return;
    const leased = await this.#leases.name(moment.policy, moment.facts, isChanged);
    const known = new Set(this.#plane?.classes.map(({ key }) => key));
    if (!isChanged && leased.every(({ key }) => known.has(key))) return this.#syncLeases();
    const local = await findLocalPlace(gateway.local);
    const computed = await computeGatewayPlane({
      ...{ ...moment, ids: this.#ids, seatIds: this.#seatIds, leased },
      place: { ...placeOf(gateway, config, this.#runRanges), local: local.place },
      bindings: bindingsOf(gateway),
    });
    const plane = { ...computed, problems: [...local.problems, ...computed.problems] };
    this.#computed = { ...moment, addresses: JSON.stringify(moment.network) };
    this.#wakeAt(plane.changesAt);
    const isSame = JSON.stringify(plane.plan) === JSON.stringify(this.#plane?.plan);
    this.#classes = new Map(plane.classes.map((one) => [one.id, one]));
    this.#parts.seats.adopt(plane.locals);
    this.#plane = plane;
    this.#foldClasses();
    if (isSame && this.#problem === null) return this.#syncLeases();
    const applied = await this.#kernel.apply(plane.plan);
    this.#problem = applied.ok ? null : applied.fault.message;
    await this.#syncLeases();
    if (applied.ok) await this.answers.recheckAll();
    else this.#parts.logger.error('the kernel does not hold what is in force', { cause: applied.fault.message });
  }

  async #syncLeases(): Promise<void> {
    const ids = new Map(this.#plane?.classes.map(({ key, id }) => [key, id]));
    this.#foldClasses();
    // What was not confirmed is told again with the next tick.
    await this.#leases.sync((key) => ids.get(key) ?? null);
  }

  #foldClasses(): void {
    const leased = this.#leases.keys();
    const { classes = [], settled = new Set() } = this.#plane ?? {};
    const inhabited = classes.filter(({ key }) => settled.has(key) || leased.has(key));
    this.#byService = Map.groupBy(inhabited, ({ service }) => service);
  }

  // Computing for a thousand services takes a second of processor time: not without need.
  #isChanged({ policy, facts, network, now }: Omit<Computed, 'addresses'>): boolean {
    const last = this.#computed;
    if (last === null || last.policy !== policy || last.facts !== facts) return true;
    const isDue = now >= (this.#plane?.changesAt ?? Number.POSITIVE_INFINITY) || now < last.now;
    return isDue || now >= last.now + computeEveryMs || last.addresses !== JSON.stringify(network);
  }

  // Grants and observing end by the clock: what they opened is taken back then, and not at the next look.
  #wakeAt(changesAt: number | null): void {
    if (this.#waking !== null) clearTimeout(this.#waking);
    this.#waking = null;
    if (changesAt === null) return;
    const inMs = Math.min(Math.max(0, changesAt - this.#parts.clock.now()), longestTimerMs);
    // Timers and this clock need not agree to the millisecond.
    const wake = (): void => {
      if (this.#parts.clock.now() < changesAt) this.#wakeAt(changesAt);
      else void this.recheckAll();
    };
    this.#waking = setTimeout(wake, inMs);
    this.#waking.unref();
  }

  #tick(): void {
    const nowMs = this.#parts.clock.now();
    for (const sum of this.#denials.takeEnded(nowMs)) this.#parts.records.write(sum);
    if (this.#problem !== null || this.#leases.isStale || nowMs % sweepEveryMs < countEveryMs) void this.recheckAll();
    void this.#countInTime();
  }

  async #countInTime(): Promise<void> {
    if (performance.now() >= this.#countAt) await this.#countNow();
  }

  #countNow(): Promise<void> {
    this.#counting ??= this.#countOnce().finally(() => {
      this.#counting = null;
    });
    return this.#counting;
  }

  async #countOnce(): Promise<void> {
    if (!this.#kernel.isConnected()) return;
    const began = performance.now();
    try {
      const counts = await this.#kernel.changes();
      if (!counts.ok) return;
      this.#dropped = counts.value.dropped;
      await this.answers.keepSiblings(await this.#records.fold(counts.value));
    } finally {
      this.#countAt = began + (performance.now() - began) * countShare;
    }
  }

  #drifted(drift: Drift): void {
    this.#lastDrift = drift;
    this.#drifts += 1;
    const { seen, by, isUndone } = drift;
    const what = 'the ruleset of the gateway was changed by others';
    this.#parts.logger.error(isUndone ? `${what} and put back` : `${what} and cannot be put back yet`, { seen, by });
  }

  #helperChanged(isConnected: boolean, fault: string | null): void {
    this.#problem = isConnected ? fault : 'the helper is not there, what the kernel holds stays as it is';
    if (!isConnected) this.#parts.logger.warn('the helper of the gateway is gone');
    else void this.recheckAll();
  }
}

// Sockets that systemd made have a port of their own, and packets are led to the one of the configuration.
function checkPort(at: readonly { readonly port: number }[], port: number): void {
  const other = at.find((one) => one.port !== port);
  if (other === undefined) return;
  const message = `the transparent sockets listen on port ${other.port}, and \`gateway.port\` is ${port}: give both the same`;
  throw new ExeatError('gateway_port_differs', message);
}

function driftProblem({ at, seen, isUndone }: Drift): string {
  const then = isUndone ? 'put back' : 'could not be put back';
  const shown = seen.slice(0, mostShown).join(', ');
  const rest = seen.length > mostShown ? ` and ${seen.length - mostShown} more` : '';
  return `the ruleset was changed by others and ${then} at ${new Date(at).toISOString()}: ${shown}${rest}`;
}
