import { dayCount, dayMs, firstDayMs } from './calendar.ts';
import { proxyAddress, services } from './estate.ts';
import type { Connection } from './make-connections.ts';
import { createRandom, type Random } from './random.ts';
import type { TimedLine } from './timed-lines.ts';

/** The fields that this flow log was set up with: its first line. No name, and no word of what an interface belongs to. */
export const vpcHeader =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags flow-direction';

const windowMs = 600_000;
/** Only subnets from which something goes out past the proxy have a flow log. */
const loggedServices: ReadonlySet<string> = new Set(['payments-api', 'warehouse-etl', 'support-desk']);
const scansPerDay = 40;

/** The flow log: both directions of what goes out directly, the way to the proxy, and scans that were rejected. */
export function vpcLines(connections: readonly Connection[], seed: number): readonly TimedLine[] {
  const random = createRandom(seed, 'vpc');
  const logged = connections.filter(({ service }) => loggedServices.has(service));
  return [
    ...logged.filter(({ isDirect }) => isDirect).flatMap((connection) => bothWays(flowOf(connection), random)),
    ...wayToProxy(logged.filter(({ isDirect }) => !isDirect)).flatMap((flow) => bothWays(flow, random)),
    ...scans(random),
  ];
}

interface Flow {
  readonly client: string;
  readonly server: string;
  readonly port: number;
  readonly protocol: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly upBytes: number;
  readonly downBytes: number;
}

function flowOf({ scheme, address, ...rest }: Connection): Flow {
  return { ...rest, server: address, protocol: scheme === 'udp' ? 17 : 6 };
}

// Connections to the proxy are kept, so there is one flow for each client and window.
function wayToProxy(connections: readonly Connection[]): readonly Flow[] {
  const flows = new Map<string, Flow>();
  for (const { client, startMs, upBytes, downBytes } of connections) {
    const fromMs = startMs - (startMs % windowMs);
    const key = `${client} ${fromMs}`;
    const known = flows.get(key);
    flows.set(key, {
      ...{ client, server: proxyAddress, port: 3128, protocol: 6, startMs: fromMs, durationMs: windowMs - 1000 },
      upBytes: (known?.upBytes ?? 0) + upBytes + 400,
      downBytes: (known?.downBytes ?? 0) + downBytes + 300,
    });
  }
  return [...flows.values()];
}

function bothWays(flow: Flow, random: Random): readonly TimedLine[] {
  const port = random.whole(32_768, 60_999);
  const { client, server, protocol } = flow;
  const isTcp = protocol === 6;
  const seconds = `${Math.floor(flow.startMs / 1000)} ${Math.floor((flow.startMs + flow.durationMs) / 1000) + 1}`;
  const there = `${client} ${server} ${port} ${flow.port} ${protocol} ${packets(flow.upBytes)} ${flow.upBytes}`;
  const back = `${server} ${client} ${flow.port} ${port} ${protocol} ${packets(flow.downBytes)} ${flow.downBytes}`;
  const head = `2 123456789012 ${interfaceOf(client)}`;
  const atMs = flow.startMs + windowMs;
  return [
    { atMs, text: `${head} ${there} ${seconds} ACCEPT OK ${isTcp ? 3 : 0} egress` },
    { atMs, text: `${head} ${back} ${seconds} ACCEPT OK ${isTcp ? 19 : 0} ingress` },
  ];
}

function packets(bytes: number): number {
  return 3 + Math.ceil(bytes / 1400);
}

function interfaceOf(client: string): string {
  return `eni-0${client
    .split('.')
    .map((part) => Number(part).toString(16).padStart(4, '0'))
    .join('')}`;
}

// The Internet knocks all day long; nobody asked it to.
function scans(random: Random): readonly TimedLine[] {
  const clients = services
    .filter(({ name }) => loggedServices.has(name))
    .flatMap(({ places }) => places[0]?.clients ?? []);
  return Array.from({ length: scansPerDay * dayCount }, () => {
    const atMs = firstDayMs + random.next() * dayCount * dayMs;
    const client = random.pick(clients);
    const second = Math.floor(atMs / 1000);
    const flow = `192.0.2.${random.whole(1, 254)} ${client} ${random.whole(40_000, 60_000)} ${random.pick([22, 23, 445, 3389, 8080])} 6 1 40`;
    const text = `2 123456789012 ${interfaceOf(client)} ${flow} ${second} ${second + 30} REJECT OK 2 ingress`;
    return { atMs: atMs + windowMs, text };
  });
}
