import { setTimeout as sleep } from 'node:timers/promises';
import { startStubAuthority } from '../test/support/stub-authority.ts';
import { startDnsExeat } from './dns-exeat.ts';
import { createDnsLoadGenerator, type DnsLoad, type DnsLoadGenerator, type DnsLoadOrder } from './dns-load.ts';
import { addressOfName, benchNames, type OtherRules, queryLines } from './dns-names.ts';
import { type DnsServerName, type DnsServerUnderTest, startDnsPeer } from './dns-servers.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure, median } from './harness.ts';
import { cpuSeconds, memoryBytes } from './process-cost.ts';

/** How large the bench runs, and which servers take part. */
export interface DnsSizes {
  readonly names: number;
  /** What Exeat's policy holds beside the names that are asked for. */
  readonly others: OtherRules;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly warmUpSeconds: number;
  /** The rate at which the latency is taken. */
  readonly perSecond: number;
  readonly servers: readonly DnsServerName[];
}

const fullSizes: DnsSizes = {
  names: 5_000,
  others: { services: 999, rulesPerService: 1_000 },
  rounds: 5,
  secondsPerRound: 4,
  // As long as V8 goes on compiling what is hot; a resolver runs for weeks.
  warmUpSeconds: 6,
  perSecond: 20_000,
  servers: ['echo', 'exeat', 'unbound', 'dnsmasq', 'bind'],
};

/** What the first pass may ask the authority a second: it is written to be right, not to be fast. */
const fillPerSecond = 2_000;
const longTtlSeconds = 86_400;
/** Until what a start leaves behind is collected and given back. */
const settleMs = 3_000;
const mostWorse = 0.01;
/** How much of a peer's CPU a query may cost, at saturation and at a rate alike. */
const mostRatios: Partial<Record<string, number>> = { unbound: 1.25, dnsmasq: 1 };

export const bench: Bench = defineBench(
  'dns',
  'CPU, latency and memory of DNS answers from the cache, beside an empty UDP echo and three servers',
  (context) => measureDns(context, fullSizes),
);

/** Runs the bench with these sizes and servers; the guard test runs it small. */
export async function measureDns({ note }: BenchContext, sizes: DnsSizes): Promise<readonly BenchResult[]> {
  const names = benchNames(sizes.names);
  const table = names.map(
    (name, at) =>
      [name, { does: 'addresses', addresses: [addressOfName(at)], ttlSeconds: longTtlSeconds } as const] as const,
  );
  const authority = await startStubAuthority(Object.fromEntries(table));
  const generator = await createDnsLoadGenerator(queryLines(names));
  const field: DnsField = {
    ...{ note, sizes, names, generator, authorityPort: authority.port },
    countAsked: () => authority.asked().length,
  };
  try {
    note(`${sizes.names} names, all in the caches before; Exeat writes a record of each hundredth allowed query`);
    const memory = sizes.servers.includes('exeat') ? await startingMemory(field) : null;
    const servers = await startServers(field);
    try {
      return await measureServers(field, servers, memory);
    } finally {
      for (const server of servers) await server.stop();
    }
  } finally {
    await generator.close();
    await authority.close();
  }
}

/** What all servers meet. */
interface DnsField {
  readonly note: (text: string) => void;
  readonly sizes: DnsSizes;
  readonly names: readonly string[];
  readonly generator: DnsLoadGenerator;
  readonly authorityPort: number;
  readonly countAsked: () => number;
}

/** Memory of Exeat with the asked names alone; the difference to the whole policy is what its rules take. */
async function startingMemory(field: DnsField): Promise<number> {
  const small = await startExeat(field, { services: 0, rulesPerService: 0 });
  try {
    await fillCache(field, small);
    await sleep(settleMs);
    return memoryBytes(small.pid);
  } finally {
    await small.stop();
  }
}

function startExeat({ names, authorityPort }: DnsField, others: OtherRules): Promise<DnsServerUnderTest> {
  return startDnsExeat({ authorityPort, probe: probeOf(names), names, others });
}

function probeOf(names: readonly string[]): { readonly name: string; readonly address: string } {
  return { name: names[0] ?? '', address: addressOfName(0) };
}

async function startServers(field: DnsField): Promise<readonly DnsServerUnderTest[]> {
  const { sizes, names, authorityPort, note } = field;
  const started: DnsServerUnderTest[] = [];
  try {
    for (const name of sizes.servers) {
      const order = { authorityPort, probe: probeOf(names) };
      const server = name === 'exeat' ? await startExeat(field, sizes.others) : await startDnsPeer(name, order, note);
      if (server !== null) started.push(server);
    }
    return started;
  } catch (error) {
    for (const server of started) await server.stop();
    throw error;
  }
}

/** One pass through all names, slow enough that none is lost, until the server has every answer. */
async function fillCache(field: DnsField, server: DnsServerUnderTest): Promise<void> {
  await load(field, server, { port: server.port, atMostPerSecond: fillPerSecond });
}

async function measureServers(
  field: DnsField,
  servers: readonly DnsServerUnderTest[],
  smallMemory: number | null,
): Promise<readonly BenchResult[]> {
  for (const server of servers) await fillCache(field, server);
  const memory = smallMemory === null ? [] : await policyMemory(field.sizes, servers, smallMemory);
  for (const { port } of servers) await field.generator.run({ port, seconds: field.sizes.warmUpSeconds });
  const askedBefore = field.countAsked();
  const rounds = await runRounds(field, servers);
  const asked = field.countAsked() - askedBefore;
  // Whoever asks again does not answer from its cache, and the authority would be measured instead.
  if (asked > field.sizes.names * mostWorse) throw new Error(`the authority was asked ${asked} times in the rounds`);
  return [...figuresOf(field.sizes, rounds), ...memory];
}

/** What the policy takes that the names alone do not, for a million rules. */
async function policyMemory(
  { others }: DnsSizes,
  servers: readonly DnsServerUnderTest[],
  smallMemory: number,
): Promise<readonly BenchResult[]> {
  const exeat = servers.find(({ name }) => name === 'exeat');
  if (exeat === undefined) return [];
  await sleep(settleMs);
  const bytesPerRule = (memoryBytes(exeat.pid) - smallMemory) / (others.services * others.rulesPerService);
  // Bytes a rule are megabytes a million rules.
  return [
    figure({ bench: 'dns', figure: 'memory per 1,000,000 policy names, exeat', value: bytesPerRule, unit: 'MB' }),
  ];
}

/** The rounds of one server: CPU in µs a query, rate in queries a second, latency in ms. */
interface DnsRounds {
  readonly saturatedMicroseconds: number[];
  readonly perSecond: number[];
  readonly pacedMicroseconds: number[];
  readonly p99Ms: number[];
}

/** All servers in turn, round by round, so that a change of the machine's speed meets all alike. */
async function runRounds(
  field: DnsField,
  servers: readonly DnsServerUnderTest[],
): Promise<ReadonlyMap<string, DnsRounds>> {
  const empty = (): DnsRounds => ({ saturatedMicroseconds: [], perSecond: [], pacedMicroseconds: [], p99Ms: [] });
  const rounds = new Map(servers.map(({ name }) => [name, empty()] as const));
  const { secondsPerRound: seconds, perSecond } = field.sizes;
  for (let round = 0; round < field.sizes.rounds; round += 1) {
    for (const server of servers) {
      const own = rounds.get(server.name) ?? empty();
      const full = await load(field, server, { port: server.port, seconds });
      own.saturatedMicroseconds.push(full.microseconds);
      own.perSecond.push(full.perSecond);
      const order = { port: server.port, seconds, atMostPerSecond: perSecond, hasLatencies: true };
      const paced = await load(field, server, order);
      own.pacedMicroseconds.push(paced.microseconds);
      own.p99Ms.push(paced.p99Ms ?? Number.NaN);
      if (paced.perSecond < perSecond * 0.95)
        field.note(`${server.name} got ${Math.round(paced.perSecond)} of ${perSecond} queries a second`);
    }
  }
  return rounds;
}

/** Sends a load and takes the CPU of the server for it. A load that was not answered well is no measurement. */
async function load(
  { generator }: DnsField,
  server: DnsServerUnderTest,
  order: DnsLoadOrder,
): Promise<DnsLoad & { readonly microseconds: number }> {
  const before = cpuSeconds(server.pid);
  const result = await generator.run(order);
  const microseconds = ((cpuSeconds(server.pid) - before) / result.completed) * 1e6;
  if (result.noError < result.sent * (1 - mostWorse))
    throw new Error(`${server.name} answered ${result.noError} of ${result.sent} queries well`);
  return { ...result, microseconds };
}

// The rows of figures that come first.
const costRows = 2;

function figuresOf(sizes: DnsSizes, rounds: ReadonlyMap<string, DnsRounds>): readonly BenchResult[] {
  const rate = `${sizes.perSecond.toLocaleString('en')} a second`;
  const rows: readonly [string, string, (own: DnsRounds) => readonly number[]][] = [
    ['CPU per query at saturation', 'µs', (own) => own.saturatedMicroseconds],
    [`CPU per query at ${rate}`, 'µs', (own) => own.pacedMicroseconds],
    ['queries a second at saturation', '/s', (own) => own.perSecond],
    [`p99 at ${rate}`, 'ms', (own) => own.p99Ms],
  ];
  return rows.flatMap(([name, unit, pick], row) =>
    [...rounds].flatMap(([server, own]) => {
      const value = median(pick(own));
      const base = { bench: 'dns', figure: `${name}, ${server}`, value, unit };
      const beside = server === 'exeat' ? [...rounds.keys()].filter((peer) => peer !== 'exeat') : ['echo'];
      const peers = beside.filter((peer) => peer !== server && rounds.has(peer));
      if (peers.length === 0) return [figure(base)];
      return peers.map((peer) => {
        const atMostRatio = row < costRows && server === 'exeat' ? mostRatios[peer] : undefined;
        const besides = { name: peer, value: median(pick(rounds.get(peer) ?? own)) };
        return figure({ ...base, peer: besides, ...(atMostRatio === undefined ? {} : { atMostRatio }) });
      });
    }),
  );
}
