import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { benchNames, benchPorts, type GatewayUnderTest } from './gateway-exeat.ts';
import type { Lane, LaneName, Lanes } from './gateway-lanes.ts';
import { compileLoadProgram, type LoadResult } from './load.ts';
import { busySeconds, cpuSeconds } from './process-cost.ts';

/** A way to send one flow or several. */
export interface FlowShape {
  readonly family: 4 | 6;
  readonly flows: number;
  readonly port: number;
}

/** What one round came to. */
export interface Round {
  /** Gbit/s, or connections a second. */
  readonly rate: number;
  /** Seconds that the whole machine was busy, for a GB or for a connection. */
  readonly busy: number;
}

/** Rounds of each lane, in the order in which they were made. */
export type Rounds = ReadonlyMap<LaneName, readonly Round[]>;

/** Clients and servers at both ends of the lanes. */
export interface Traffic {
  /** One transfer of so many bytes through a lane. */
  transfer(lane: Lane, shape: FlowShape, bytes: number): Promise<Round>;
  /** New connections with one small exchange each, as many as there can be. */
  connections(lane: Lane, seconds: number): Promise<Round>;
  /** Connections to a name: by the name plane, or by the explicit proxy. Gives the CPU of the point for each, in seconds. */
  named(lane: Lane, by: NamedBy, gateway: GatewayUnderTest, seconds: number): Promise<number>;
  /** Bytes from a name; gives the CPU of the point for a GB, in seconds. */
  namedBulk(lane: Lane, by: NamedBy, gateway: GatewayUnderTest, bytes: number): Promise<number>;
}

/** How the name is reached. */
export type NamedBy = 'name plane' | 'explicit proxy';

const concurrency = 32;
const tunnels = 4;
const mostBroken = 0.01;
const proxyPort = '3128';
const startMs = 300;

/** Starts the servers at the origin. They are ended with the lanes. */
export async function openTraffic(lanes: Lanes): Promise<Traffic> {
  const { folder, program } = await compileLoadProgram();
  lanes.onClose(() => rm(folder, { recursive: true, force: true }));
  for (const port of [benchPorts.told, benchPorts.open])
    await lanes.start('origin', ['iperf3', '-s', '-p', String(port)]);
  const origins = [benchPorts.connections, benchPorts.fresh, benchPorts.name, benchPorts.extra];
  for (const port of origins) {
    await lanes.start('origin', [program, 'origin', String(port)], { env: { ADDRESS: '0.0.0.0' }, isReady: true });
  }
  await sleep(startMs);
  const load = async (words: readonly string[], env: Readonly<Record<string, string>>): Promise<LoadResult> => {
    const said = await lanes.exec('workload', [program, ...words], { env });
    const result = JSON.parse(said.trim().split('\n').at(-1) ?? '{}') as LoadResult;
    if (result.broken > result.done * mostBroken) throw new Error(`${result.broken} of ${result.done} exchanges broke`);
    return result;
  };
  const loadName = (lane: Lane, by: NamedBy, kind: string, amounts: readonly number[]): Promise<LoadResult> => {
    const isPlane = by === 'name plane';
    const port = isPlane ? String(benchPorts.name) : proxyPort;
    const address = isPlane ? lane.origin[4] : lane.gateway[4];
    const words = [kind, port, benchNames.web, String(benchPorts.name), ...amounts.map(String)];
    return load(words, { ADDRESS: address, ...(isPlane ? { DIRECT: 'tls' } : {}) });
  };
  return {
    transfer: (lane, shape, bytes) => transfer(lanes, lane, shape, bytes),
    connections: async (lane, seconds) => {
      const before = busySeconds();
      const port = String(benchPorts.connections);
      const words = ['rate', port, 'none', port, String(concurrency), String(seconds)];
      const { done, seconds: took } = await load(words, { ADDRESS: lane.origin[4], DIRECT: '1' });
      return { rate: done / took, busy: (busySeconds() - before) / done };
    },
    named: async (lane, by, { pids }, seconds) => {
      const before = cpuSeconds(pids.point);
      const { done } = await loadName(lane, by, 'rate', [concurrency, seconds]);
      return (cpuSeconds(pids.point) - before) / done;
    },
    namedBulk: async (lane, by, { pids }, bytes) => {
      const before = cpuSeconds(pids.point);
      const { bytes: got } = await loadName(lane, by, 'bulk', [tunnels, bytes]);
      return (cpuSeconds(pids.point) - before) / (got / 1e9);
    },
  };
}

async function transfer(lanes: Lanes, { origin }: Lane, shape: FlowShape, amount: number): Promise<Round> {
  const { family, flows, port } = shape;
  const before = busySeconds();
  const words = [
    'iperf3',
    '-J',
    '-c',
    origin[family],
    '-p',
    String(port),
    '-P',
    String(flows),
    '-n',
    String(Math.round(amount)),
  ];
  const said = JSON.parse(await lanes.exec('workload', words)) as {
    readonly end: { readonly sum_received: { readonly bits_per_second: number; readonly bytes: number } };
  };
  const { bits_per_second: rate, bytes } = said.end.sum_received;
  return { rate: rate / 1e9, busy: (busySeconds() - before) / (bytes / 1e9) };
}

/** All lanes in turn, round by round, so that a change of the machine's speed meets all alike. */
export async function inTurns(
  lanes: readonly Lane[],
  rounds: number,
  measure: (lane: Lane) => Promise<Round>,
): Promise<Rounds> {
  const values = new Map<LaneName, Round[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const lane of lanes) {
      const own = values.get(lane.name) ?? [];
      values.set(lane.name, own);
      own.push(await measure(lane));
    }
  }
  return values;
}
