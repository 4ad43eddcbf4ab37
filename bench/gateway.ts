import { askThrough, quantile } from './gateway-asks.ts';
import { measureFill, measureUpkeep } from './gateway-elements.ts';
import { benchNames, benchPorts, type GatewayUnderTest, startGateway } from './gateway-exeat.ts';
import {
  type FlowShape,
  inTurns,
  type NamedBy,
  openTraffic,
  type Round,
  type Rounds,
  type Traffic,
} from './gateway-flows.ts';
import { type Lane, type LaneName, type Lanes, openLanes } from './gateway-lanes.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure, median } from './harness.ts';

/** How large the bench runs. */
export interface GatewaySizes {
  readonly rounds: number;
  /** How much iperf3 sends in one transfer: `20M`. In packets of 1,500 bytes, which take longer, the half. */
  readonly transferBytes: number;
  /** Of one round of connections. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly otherServices: number;
  /** Fresh answers at each of these rates. */
  readonly freshPerSecond: readonly number[];
  readonly freshSeconds: number;
  readonly bulkBytes: number;
  /** How many ways to send, of `shapes`; and how many of them in packets of 1,500 bytes too. */
  readonly shapes: number;
  readonly smallShapes: number;
  /** Elements beside those that the bench needs; all is measured without and with them. None: only without. */
  readonly elements: number;
  readonly restSeconds: number;
}

const fullSizes: GatewaySizes = {
  rounds: 5,
  transferBytes: 600_000_000,
  seconds: 1,
  warmUpSeconds: 3,
  otherServices: 999,
  freshPerSecond: [200, 1_000],
  freshSeconds: 3,
  bulkBytes: 125_000_000,
  shapes: 4,
  smallShapes: 2,
  elements: 100_000,
  restSeconds: 3,
};

// Named: no dearer than the explicit proxy; two medians of one run tell no difference below `namedWithin` apart.
const bars = {
  throughput: 0.95,
  connectionsOfPlain: 0.8,
  connectionsOfTracked: 0.85,
  named: 1,
  namedWithin: 0.05,
  answerMs: 5,
} as const;
const warmUpPerSecond = 200;
const shapes: readonly (readonly [string, FlowShape])[] = [
  ['told, IPv4, 1 flow', { family: 4, flows: 1, port: benchPorts.told }],
  ['told, IPv4, 8 flows', { family: 4, flows: 8, port: benchPorts.told }],
  ['told, IPv6, 1 flow', { family: 6, flows: 1, port: benchPorts.told }],
  ['rule for an address, IPv4, 1 flow', { family: 4, flows: 1, port: benchPorts.open }],
];

export const bench: Bench = defineBench(
  'gateway',
  'throughput, connections and answers through the transparent gateway, beside plain routing and conntrack',
  (context) => measureGateway(context, fullSizes),
);

/** What the parts of the bench meet. */
interface GatewayField {
  readonly note: (text: string) => void;
  readonly sizes: GatewaySizes;
  readonly lanes: Lanes;
  readonly lane: Lane;
  readonly traffic: Traffic;
  readonly gateway: GatewayUnderTest;
  /** Numbers of names that were not asked for yet. */
  nextFresh: number;
}

/** Runs the bench with these sizes; the guard test runs it small. */
export async function measureGateway({ note }: BenchContext, sizes: GatewaySizes): Promise<readonly BenchResult[]> {
  const lanes = await openLanes();
  try {
    const lane = lanes.lanes.find(({ name }) => name === 'exeat');
    if (lane === undefined) throw new TypeError('"lanes" hold no lane of Exeat');
    const traffic = await openTraffic(lanes);
    const eachNames = sizes.freshPerSecond.reduce((sum, rate) => sum + rate * sizes.freshSeconds, 0);
    const freshNames = Math.ceil(eachNames * 2 + warmUpPerSecond * sizes.warmUpSeconds);
    const gateway = await startGateway(lanes, lane, { otherServices: sizes.otherServices, freshNames });
    const field: GatewayField = { note, sizes, lanes, lane, traffic, gateway, nextFresh: 0 };
    note(`${sizes.otherServices + 1} services; the gateways stand side by side and are measured in turns`);
    const bare = await measureBare(field);
    return sizes.elements === 0 ? bare : [...bare, ...(await measureFilled(field))];
  } finally {
    await lanes.close();
  }
}

async function measureBare(field: GatewayField): Promise<readonly BenchResult[]> {
  const { sizes, lanes, lane, gateway } = field;
  return oneByOne(field, [
    () => measureShapes(field, shapes.slice(0, sizes.shapes), ''),
    () => measureConnections(field, ''),
    () => measureNames(field),
    () => warmUpAnswers(field),
    ...sizes.freshPerSecond.map((rate) => () => measureAnswers(field, rate, '')),
    () => measureUpkeep(lanes, { lane, gateway, held: 'few', restSeconds: sizes.restSeconds }),
  ]);
}

/** The same again with many elements: a packet, a connection and an answer must not cost more for them. */
async function measureFilled(field: GatewayField): Promise<readonly BenchResult[]> {
  const { sizes, lanes, lane, gateway } = field;
  const held = sizes.elements.toLocaleString('en');
  const among = `, ${held} elements`;
  return oneByOne(field, [
    () => measureFill(gateway, sizes.elements),
    () => measureShapes(field, shapes.slice(0, 1), among),
    () => measureConnections(field, among),
    ...sizes.freshPerSecond.map((rate) => () => measureAnswers(field, rate, among)),
    () => measureUpkeep(lanes, { lane, gateway, held, restSeconds: sizes.restSeconds }),
  ]);
}

/** It takes minutes: what is measured so far is told. */
async function oneByOne(
  { note }: GatewayField,
  parts: readonly (() => Promise<readonly BenchResult[]>)[],
): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const part of parts) {
    const some = await part();
    for (const { figure: name, value, unit, peer, ratio } of some) {
      note(`${name}: ${value.toPrecision(3)} ${unit}${peer === null ? '' : `, ${ratio?.toFixed(2)} of ${peer}`}`);
    }
    results.push(...some);
  }
  return results;
}

async function measureShapes(field: GatewayField, some: typeof shapes, among: string): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const [name, shape] of some)
    results.push(...(await measureThroughput(field, `${name}${among}`, shape, 'as sent')));
  await field.lanes.setLargePackets(false);
  for (const [name, shape] of some.slice(0, field.sizes.smallShapes)) {
    results.push(...(await measureThroughput(field, `${name}${among}`, shape, '1,500 bytes')));
  }
  await field.lanes.setLargePackets(true);
  return results;
}

async function measureThroughput(
  field: GatewayField,
  name: string,
  shape: FlowShape,
  packets: 'as sent' | '1,500 bytes',
): Promise<readonly BenchResult[]> {
  const { lanes, sizes, traffic } = field;
  await tellFlow(field);
  const bytes = packets === 'as sent' ? sizes.transferBytes : sizes.transferBytes / 2;
  // An empty chain is no way of its own for packets: it tells what a connection costs, whose first packet meets NAT.
  const some = lanes.lanes.filter(({ name: lane }) => lane !== 'hooks');
  const rounds = await inTurns(some, sizes.rounds, (lane) => traffic.transfer(lane, shape, bytes));
  const isBarred = shape.family === 4 && packets === 'as sent';
  return [
    ...besides(rounds, {
      figure: `throughput, ${name}, packets ${packets}`,
      unit: 'Gbit/s',
      pick: ({ rate }) => rate,
      bars: isBarred ? { plain: bars.throughput } : {},
    }),
    ...besides(rounds, {
      figure: `machine busy, ${name}, packets ${packets}`,
      unit: 's/GB',
      pick: ({ busy }) => busy,
    }),
  ];
}

async function measureConnections(field: GatewayField, among: string): Promise<readonly BenchResult[]> {
  const { lanes, sizes, traffic } = field;
  await tellFlow(field);
  const rounds = await inTurns(lanes.lanes, sizes.rounds, (lane) => traffic.connections(lane, sizes.seconds));
  return [
    ...besides(rounds, {
      figure: `new connections${among}`,
      unit: '/s',
      pick: ({ rate }) => rate,
      bars: { plain: bars.connectionsOfPlain, tracked: bars.connectionsOfTracked },
    }),
    ...besides(rounds, {
      figure: `new connections, our hooks, conntrack and NAT alone${among}`,
      unit: '/s',
      pick: ({ rate }) => rate,
      of: 'hooks',
    }),
    ...besides(rounds, {
      figure: `machine busy for a connection${among}`,
      unit: 'µs',
      pick: ({ busy }) => busy * 1e6,
    }),
  ];
}

/** A row of the table for each peer. */
interface Comparison {
  readonly figure: string;
  readonly unit: string;
  readonly pick: (round: Round) => number;
  /** Whose it is. Default: that of Exeat. */
  readonly of?: LaneName;
  /** The least share of a peer's value. Default: no bar. */
  readonly bars?: Partial<Record<LaneName, number>>;
}

/** A lane, that of Exeat by itself, beside plain routing and conntrack, by medians. */
function besides(
  rounds: Rounds,
  { figure: name, unit, pick, of: whose = 'exeat', bars: least = {} }: Comparison,
): readonly BenchResult[] {
  const of = (lane: LaneName): number => median((rounds.get(lane) ?? []).map(pick));
  return (['plain', 'tracked'] as const).map((peer) => {
    const bar = least[peer];
    return figure({
      ...{ bench: 'gateway', figure: name, value: of(whose), unit },
      peer: { name: peer, value: of(peer) },
      ...(bar === undefined ? {} : { atLeastRatio: bar }),
    });
  });
}

/** The first answers of a process are slow: its code is not compiled yet. */
async function warmUpAnswers(field: GatewayField): Promise<readonly BenchResult[]> {
  const { lanes, lane, sizes } = field;
  const count = Math.ceil(warmUpPerSecond * sizes.warmUpSeconds);
  const order = { prefix: 'n', zone: benchNames.freshZone, from: field.nextFresh, count, perSecond: warmUpPerSecond };
  field.nextFresh += count;
  const { latencies } = await askThrough(lanes, lane, { ...order, connectTo: benchPorts.fresh });
  const [name, value] = ['fresh answer until it is told, p99 of the first seconds', quantile(latencies, 0.99)];
  return [figure({ bench: 'gateway', figure: name, value, unit: 'ms' })];
}

/** The address plane opens what DNS told: asked anew each time, since an answer ends. */
async function tellFlow({ lanes, lane }: GatewayField): Promise<void> {
  for (const type of ['A', 'AAAA']) {
    await lanes.exec('workload', ['dig', '+tries=3', '+time=2', `@${lane.gateway[4]}`, benchNames.flow, type]);
  }
}

async function measureNames({ lane, traffic, gateway, sizes }: GatewayField): Promise<readonly BenchResult[]> {
  const ways: readonly NamedBy[] = ['name plane', 'explicit proxy'];
  const values = new Map(ways.map((by) => [by, { each: [] as number[], bulk: [] as number[] }]));
  for (const by of ways) await traffic.named(lane, by, gateway, sizes.warmUpSeconds);
  for (let round = 0; round < sizes.rounds; round += 1) {
    for (const by of ways) {
      values.get(by)?.each.push(await traffic.named(lane, by, gateway, sizes.seconds));
      values.get(by)?.bulk.push(await traffic.namedBulk(lane, by, gateway, sizes.bulkBytes));
    }
  }
  const of = (by: NamedBy, kind: 'each' | 'bulk'): number => median(values.get(by)?.[kind] ?? []);
  const row = (name: string, kind: 'each' | 'bulk', unit: string, factor: number): BenchResult =>
    figure({
      ...{ bench: 'gateway', figure: name, unit, value: of('name plane', kind) * factor },
      peer: { name: 'explicit proxy', value: of('explicit proxy', kind) * factor },
      atMostRatio: bars.named,
      tolerance: bars.namedWithin,
    });
  return [
    row('CPU of the point for a TLS connection, name plane', 'each', 'µs', 1e6),
    row('CPU of the point per GB, name plane', 'bulk', 's', 1),
  ];
}

async function measureAnswers(field: GatewayField, perSecond: number, among: string): Promise<readonly BenchResult[]> {
  const { lanes, lane, sizes } = field;
  const count = Math.round(perSecond * sizes.freshSeconds);
  const order = { prefix: 'n', zone: benchNames.freshZone, from: field.nextFresh, count, perSecond };
  field.nextFresh += count;
  const fresh = await askThrough(lanes, lane, { ...order, connectTo: benchPorts.fresh });
  const known = await askThrough(lanes, lane, { ...order, connectTo: null });
  const where = `at ${perSecond.toLocaleString('en')} a second${among}`;
  const refused = Object.values(fresh.refusals).reduce((sum, one) => sum + one, 0);
  const row = (name: string, share: number, bar: { readonly atMost?: number } = {}): BenchResult =>
    figure({
      ...{ bench: 'gateway', figure: `${name} ${where}`, unit: 'ms', value: quantile(fresh.latencies, share) },
      peer: { name: 'known', value: quantile(known.latencies, share) },
      ...bar,
    });
  const counted = (name: string, value: number): BenchResult =>
    figure({ bench: 'gateway', figure: `${name} ${where}`, value, unit: `of ${count}`, atMost: 0 });
  return [
    row('fresh answer until it is told, p50', 0.5),
    row('fresh answer until it is told, p99', 0.99, { atMost: bars.answerMs }),
    counted('fresh answers that failed', fresh.failed),
    counted('first packets that did not pass', refused),
  ];
}
