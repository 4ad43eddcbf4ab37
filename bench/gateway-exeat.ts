import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKernelClient, type KernelClient, type ToldEntry } from '../src/gateway/index.ts';
import { childOf } from '../test/support/kill-child.ts';
import { type RunningProduct, startProduct, waitFor } from '../test/support/product.ts';
import type { Lane, Lanes } from './gateway-lanes.ts';

/** The product as a gateway in its lane. */
export interface GatewayUnderTest {
  readonly product: RunningProduct;
  /** Ids of processes: whose cost is told apart. */
  readonly pids: { readonly point: number; readonly helper: number };
  /** Puts elements into the kernel past the point, for another service: that many are in the sets, whoever asked for them. */
  fillSets(count: number): Promise<void>;
  /** Takes them out again. */
  emptySets(count: number): Promise<void>;
  /** Opens a port to the origin of the lane by a change of the policy, or takes it back. */
  openExtra(isOpen: boolean): Promise<void>;
}

/** What the product is started with. */
export interface GatewayOrder {
  /** Services beside that of the workload, each with ten rules. */
  readonly otherServices: number;
  /** Names that each lead to an address of their own, for answers that the kernel was not told of yet. */
  readonly freshNames: number;
}

/** Ports and names of the bench. */
export const benchPorts = { told: 5201, open: 5202, connections: 8000, fresh: 5432, name: 443, extra: 6000 } as const;
export const benchNames = { flow: 'flow.example.com', web: 'web.example.com', freshZone: 'fresh.example.com' } as const;

const proxyPort = 3128;
const rulesEach = 10;
const entriesAtOnce = 1_000;
const filledService = 16_000_000;
const filledSeconds = 3_600;
const policyMs = 120_000;

/** Starts it and waits until the kernel holds the policy. It is stopped when the lanes are closed. */
export async function startGateway(lanes: Lanes, lane: Lane, order: GatewayOrder): Promise<GatewayUnderTest> {
  const product = await startProduct({
    namespace: lane.namespace,
    policy: { 'workload.yaml': workloadPolicy(lane, false), ...otherPolicies(order.otherServices) },
    config: {
      listen: { proxy: `${lane.gateway[4]}:${proxyPort}`, console: '127.0.0.1:8440', dns: '[::]:5353' },
      hosts: hostsOf(lane, order.freshNames),
      limits: { perPrincipal: 8_000 },
      // One client that has no rest.
      dns: { perClient: 1_000_000 },
      gateway: {
        inside: ['gi'],
        neighbours: { [lane.workload[4]]: lane.workloadMac, [lane.workload[6]]: lane.workloadMac },
      },
    },
  });
  const helpers = createHelperLine(product);
  lanes.onClose(async () => {
    helpers.close();
    await product.stop();
    rmSync(product.folder, { recursive: true, force: true });
  });
  const isThere = async (): Promise<boolean> =>
    (await lanes.exec('exeat', ['nft', 'list', 'map', 'inet', 'exeat', 'who4'])).includes(lane.workload[4]);
  await waitFor(() => isThere().catch(() => false), 'the policy in the kernel', policyMs);
  return {
    product,
    pids: { point: childOf(product, 'point') ?? 0, helper: childOf(product, 'helper') ?? 0 },
    fillSets: (count) => helpers.inParts(count, (client, entries) => client.learn(entries.map(timed))),
    emptySets: (count) => helpers.inParts(count, (client, entries) => client.forget(entries)),
    openExtra: (isOpen) => product.changePolicy('workload.yaml', workloadPolicy(lane, isOpen), policyMs),
  };
}

function workloadPolicy({ workload, origin }: Lane, hasExtra: boolean): string {
  const rules = [
    ...[benchPorts.told, benchPorts.connections].map((port) => `tcp://${benchNames.flow}:${port}`),
    ...[origin[4], `[${origin[6]}]`].map((address) => `tcp://${address}:${benchPorts.open}`),
    `${benchNames.web}:${benchPorts.name}`,
    ...(hasExtra ? [`tcp://${origin[4]}:${benchPorts.extra}`] : []),
  ];
  return [
    ...['apiVersion: exeat/v1', 'service: workload', 'owner: team-bench', 'kind: app', 'mode: enforce'],
    `identities: [ "source:${workload[4]}/32", "source:${workload[6]}/128" ]`,
    'allow:',
    ...rules.map((to) => `  - { to: "${to}", reason: load of the bench }`),
    `  - { to: "tcp://*.${benchNames.freshZone}:${benchPorts.fresh}", via: fresh, reason: load of the bench }`,
    '---',
    ...['apiVersion: exeat/v1', 'owner: team-network'],
    'segments: { fresh: { ranges: [ 198.18.0.0/15 ] } }',
    '',
  ].join('\n');
}

function otherPolicies(count: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let at = 0; at < count; at += 1) {
    const [high, low] = [at >> 8, at & 255];
    const rules = Array.from({ length: rulesEach }, (_, rule) =>
      rule % 2 === 0 ? `tcp://203.0.113.${200 + rule}:${10_000 + at}` : `tcp://db-${rule}.team-${at}.example.net:5432`,
    );
    files[`service-${at}.yaml`] = [
      ...['apiVersion: exeat/v1', `service: service-${at}`, 'owner: team-bench', 'kind: app', 'mode: enforce'],
      `identities: [ "source:10.${64 + high}.${low}.0/24" ]`,
      'allow:',
      ...rules.map((to) => `  - { to: "${to}", reason: load of the bench }`),
      '',
    ].join('\n');
  }
  return files;
}

function hostsOf({ origin }: Lane, freshNames: number): Record<string, string | readonly string[]> {
  const fresh = Array.from(
    { length: freshNames },
    (_, at) => [`n${at}.${benchNames.freshZone}`, `198.18.${at >> 8}.${at & 255}`] as const,
  );
  return { [benchNames.flow]: [origin[4], origin[6]], [benchNames.web]: origin[4], ...Object.fromEntries(fresh) };
}

function timed(entry: ToldEntry): ToldEntry & { readonly seconds: number } {
  return { ...entry, seconds: filledSeconds };
}

interface HelperLine {
  inParts(count: number, put: (client: KernelClient, entries: readonly ToldEntry[]) => Promise<boolean>): Promise<void>;
  close(): void;
}

// A connection to the helper of its own: what the point is told of is then only what the bench asks it for.
function createHelperLine(product: RunningProduct): HelperLine {
  let client: KernelClient | null = null;
  return {
    inParts: async (count, put) => {
      const mine = client ?? createKernelClient(helperSocket(product), { entryTimeoutMs: 30_000 });
      client = mine;
      while (!mine.isConnected()) await sleep(10);
      for (let from = 0; from < count; from += entriesAtOnce) {
        const entries = Array.from({ length: Math.min(entriesAtOnce, count - from) }, (_, at) =>
          filledEntry(from + at),
        );
        if (!(await put(mine, entries))) throw new Error(`the helper did not take entries ${from} and following`);
      }
    },
    close: () => client?.close(),
  };
}

function helperSocket(product: RunningProduct): string {
  const words = readFileSync(`/proc/${childOf(product, 'helper')}/cmdline`, 'utf8').split('\0');
  return words[words.indexOf('--socket') + 1] ?? '';
}

function filledEntry(at: number): ToldEntry {
  const port = 20_000 + (at >> 16);
  return {
    serviceId: filledService + (at % 1_000),
    family: 4,
    address: `198.19.${(at >> 8) & 255}.${at & 255}`,
    protocol: 'tcp',
    ports: { from: port, to: port },
    verdict: 'allow',
  };
}
