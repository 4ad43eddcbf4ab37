import { setTimeout as sleep } from 'node:timers/promises';
import { compare } from './compare.ts';
import type { OtherRules } from './dns-names.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench } from './harness.ts';
import { createLoadGenerator, type LoadGenerator } from './load.ts';
import { type ProxyUnderTest, startPeers } from './peers.ts';
import { cpuSeconds, memoryBytes } from './process-cost.ts';
import { startFullExeat } from './start-full-exeat.ts';

/** How much a run does. */
export interface NativeSizes {
  /** The policy beside the one rule that is used. */
  readonly others: OtherRules;
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly inFlight: number;
  readonly bulkBytes: number;
  readonly tunnels: number;
  readonly settleMs: number;
}

const full: NativeSizes = {
  others: { services: 10_000, rulesPerService: 100 },
  rounds: 5,
  // V8 goes on compiling hot code for some 20,000 connections, on threads that count as ours; a proxy runs for weeks.
  warmUpSeconds: 10,
  seconds: 4,
  inFlight: 64,
  bulkBytes: 250_000_000,
  tunnels: 8_000,
  // Long enough for buffers of the opening to be given back.
  settleMs: 3_000,
};
const quick: NativeSizes = {
  ...full,
  others: { services: 50, rulesPerService: 20 },
  rounds: 3,
  warmUpSeconds: 5,
  seconds: 2,
  bulkBytes: 50_000_000,
  tunnels: 2_000,
};
const bulkTunnels = 4;

export const bench: Bench = defineBench(
  'native',
  'the native transport with 1,000,000 rules, tokens, records and counted bytes, beside every peer; --quick: a small policy',
  (context) => measureNative(context, context.isQuick === true ? quick : full),
);

/** Measures everything of one field of proxies: per CONNECT, p99, per GB, per idle tunnel, and what counting bytes adds. */
export async function measureNative({ note }: BenchContext, sizes: NativeSizes): Promise<readonly BenchResult[]> {
  const generator = await createLoadGenerator();
  const running: ProxyUnderTest[] = [];
  try {
    const exeat = await startFullExeat(generator.originPort, sizes.others);
    running.push(exeat.plain);
    const peers = await startPeers(generator.originPort, note);
    running.push(...peers);
    const all = [exeat.plain, exeat.budgeted, ...peers];
    for (const proxy of all) await generator.rate(proxy, sizes.inFlight, sizes.warmUpSeconds);
    const rates = await inTurns(all, sizes.rounds, (proxy) => rateOf(generator, proxy, sizes));
    const bulk = await inTurns([exeat.plain, ...peers], sizes.rounds, (proxy) => bulkOf(generator, proxy, sizes));
    const idle = await inTurns([exeat.plain, ...peers], 1, (proxy) => idleOf(generator, proxy, sizes));
    return [...rateResults(rates), ...bulkResults(bulk), ...idleResults(idle)];
  } finally {
    for (const proxy of running) await proxy.stop();
    await generator.close();
  }
}

interface Rate {
  readonly microseconds: number;
  readonly p99Ms: number;
}

async function rateOf(generator: LoadGenerator, proxy: ProxyUnderTest, sizes: NativeSizes): Promise<Rate> {
  const before = cpuSeconds(proxy.pid);
  const load = await generator.rate(proxy, sizes.inFlight, sizes.seconds);
  if (load.broken > load.done / 100) throw new Error(`${proxy.name} broke ${load.broken} of ${load.done} exchanges`);
  return { microseconds: ((cpuSeconds(proxy.pid) - before) / load.done) * 1e6, p99Ms: load.p99Ms };
}

async function bulkOf(generator: LoadGenerator, proxy: ProxyUnderTest, { bulkBytes }: NativeSizes): Promise<number> {
  const before = cpuSeconds(proxy.pid);
  const load = await generator.bulk(proxy, bulkTunnels, bulkBytes);
  if (load.done !== bulkTunnels) throw new Error(`${proxy.name} finished ${load.done} of ${bulkTunnels} downloads`);
  return (cpuSeconds(proxy.pid) - before) / (load.bytes / 1e9);
}

async function idleOf(generator: LoadGenerator, proxy: ProxyUnderTest, sizes: NativeSizes): Promise<number> {
  await sleep(sizes.settleMs);
  const before = memoryBytes(proxy.pid);
  const held = await generator.idle(proxy, sizes.tunnels);
  await sleep(sizes.settleMs);
  const after = memoryBytes(proxy.pid);
  await held.release();
  return Math.max(0, after - before) / sizes.tunnels;
}

/** Every proxy in turn for some rounds, so that a change of the machine's speed meets all alike. */
async function inTurns<T>(
  proxies: readonly ProxyUnderTest[],
  rounds: number,
  measure: (proxy: ProxyUnderTest) => Promise<T>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const values = new Map<string, T[]>(proxies.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const proxy of proxies) values.get(proxy.name)?.push(await measure(proxy));
  }
  return values;
}

function rateResults(rates: ReadonlyMap<string, readonly Rate[]>): readonly BenchResult[] {
  const of = (read: (rate: Rate) => number): ReadonlyMap<string, readonly number[]> =>
    new Map([...rates].map(([name, rounds]) => [name, rounds.map(read)]));
  const perConnect = { figure: 'CPU per CONNECT', unit: 'µs', values: of(({ microseconds }) => microseconds) };
  const p99 = { figure: 'p99 of an exchange', unit: 'ms', values: of(({ p99Ms }) => p99Ms) };
  // Counting may cost a tenth: what does not count is then at least 1 / 1.1 of what does.
  const counted = 'exeat, bytes counted';
  const ofPeers = { squid: 0.7, smokescreen: 0.45, haproxy: 1.8 };
  return [
    ...compare('native', without(perConnect, counted), { ofPeers }),
    ...compare('native', without(p99, counted), { ofPeers: { squid: 1 } }),
    ...compare(
      'native',
      {
        figure: 'CPU per CONNECT, bytes counted',
        unit: 'µs',
        values: new Map([
          ['exeat', perConnect.values.get(counted) ?? []],
          ['not counted', perConnect.values.get('exeat') ?? []],
        ]),
      },
      { ofPeers: { 'not counted': 1.1 } },
    ),
  ];
}

function without<T extends { readonly values: ReadonlyMap<string, readonly number[]> }>(compared: T, name: string): T {
  return { ...compared, values: new Map([...compared.values].filter(([each]) => each !== name)) };
}

function bulkResults(values: ReadonlyMap<string, readonly number[]>): readonly BenchResult[] {
  return compare('native', { figure: 'CPU per GB', unit: 's', values }, { ofPeers: { squid: 0.55, smokescreen: 1 } });
}

function idleResults(values: ReadonlyMap<string, readonly number[]>): readonly BenchResult[] {
  return compare('native', { figure: 'memory per idle tunnel', unit: 'bytes', values }, { atMost: 3_072 });
}
