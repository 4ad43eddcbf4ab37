import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import {
  createKernelClient,
  emptyLocalPlan,
  type GatewayPlace,
  type KernelClient,
  type KernelClientOptions,
  type KernelPlan,
  type OpenEntry,
  type ToldEntry,
} from '../../src/gateway/index.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');

/** What an agent came to, and how long it took. */
export interface AgentAnswer {
  readonly result: string;
  readonly ms: number;
  /** The number of the order: that of a connection that it opened. */
  readonly id: number;
}

/** A process in a namespace that does what it is told. */
export interface NetAgent {
  tell(order: Readonly<Record<string, unknown>>): Promise<AgentAnswer>;
}

/** Three namespaces in a row: workload, gateway, origin; and the helper in the middle one. */
export interface GatewayBed {
  readonly folder: string;
  readonly workload: NetAgent;
  readonly origin: NetAgent;
  readonly names: { readonly workload: string; readonly gateway: string; readonly origin: string };
  /** Runs a program in one of them; gives what it printed, whatever it came to. */
  exec(where: 'workload' | 'gateway' | 'origin', words: readonly string[], input?: string): Promise<string>;
  /** Starts an agent in one of them, by a command line before it where one is given. */
  agent(where: 'workload' | 'gateway' | 'origin', before?: readonly string[]): NetAgent;
  startHelper(path?: string): Promise<ChildProcess>;
  connect(options?: KernelClientOptions): KernelClient;
  close(): Promise<void>;
}

/** Addresses of the bed. `far` is behind the default route only; `second` is the workload's other address, of another service. */
export const at = {
  workload: { 4: '10.9.0.2', 6: 'fd09::2' },
  second: { 4: '10.9.0.3', 6: 'fd09::3' },
  spoofed: { 4: '10.9.0.99', 6: 'fd09::99' },
  gateway: { 4: '10.9.0.1', 6: 'fd09::1' },
  origin: { 4: '203.0.113.7', 6: '2001:db8::7' },
  other: { 4: '203.0.113.8', 6: '2001:db8::8' },
  far: { 4: '198.51.100.7', 6: '2001:db8:f::7' },
  metadata: { 4: '169.254.169.254', 6: 'fd00:ec2::254' },
} as const;
/** The hardware address of the workload. */
export const workloadMac = '02:00:00:00:09:02';
/** The services of the two addresses of the workload. */
export const services = { workload: 257, second: 258 } as const;

/** A place as most tests have it. */
export const place: GatewayPlace = {
  inside: ['gi'],
  binding: 'mac',
  listenerPort: 18443,
  namePorts: [80, 443],
  dnsPort: 5353,
  proxyPort: 3128,
  userId: 4711,
  guardsRoutes: true,
  masquerades: false,
  tracksFlows: false,
  hasLeases: true,
  local: null,
  runs: [],
};

/** An entry for one service and port at one address. */
export function openAt(address: string, port: number, more: Partial<OpenEntry> = {}): OpenEntry {
  return {
    serviceId: services.workload,
    family: address.includes(':') ? 6 : 4,
    from: address,
    to: address,
    protocol: 'tcp',
    ports: { from: port, to: port },
    verdict: 'allow',
    ...more,
  };
}

/** What was told of one address and port. */
export function toldAt(address: string, port: number, more: Partial<ToldEntry> = {}): ToldEntry {
  const { serviceId, family, protocol, ports, verdict } = openAt(address, port);
  return { serviceId, family, address, protocol, ports, verdict, ...more };
}

/** A plan for the bed: both addresses of the workload bound and known, metadata closed. */
export function planOf(open: readonly OpenEntry[], more: Partial<KernelPlan> = {}): KernelPlan {
  const addresses = [at.workload, at.second].flatMap((both) => [both[4], both[6]]);
  return {
    place,
    sources: addresses.map((address) => ({
      family: address.includes(':') ? 6 : 4,
      from: address,
      to: address,
      serviceId: address === at.second[4] || address === at.second[6] ? services.second : services.workload,
    })),
    local: emptyLocalPlan,
    bindings: addresses.map((address) => ({ family: address.includes(':') ? 6 : 4, address, mac: workloadMac })),
    open,
    closed: [
      { family: 4, from: '169.254.0.0', to: '169.254.255.255' },
      { family: 6, from: 'fd00:ec2::', to: 'fd00:ec2::ffff' },
    ],
    ...more,
  };
}

/** Waits until something holds. Throws past the time. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether this machine has time to keep what the product promises: past it times say how busy others are, and states alone are shown. */
export function isIdleEnough(): boolean {
  return (loadavg()[0] ?? 0) <= 2 * availableParallelism();
}

/** Waits a while. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Makes the bed. Needs root, `ip` and `nft`. */
export async function openGatewayBed(): Promise<GatewayBed> {
  const suffix = randomBytes(3).toString('hex');
  const names = { workload: `exw-${suffix}`, gateway: `exg-${suffix}`, origin: `exo-${suffix}` };
  const folder = mkdtempSync(join(tmpdir(), 'exeat-gateway-'));
  const children = new Set<ChildProcess>();
  const clients = new Set<KernelClient>();
  const start = (where: keyof typeof names, words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', names[where], ...words], {
      cwd: repository,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };
  const close = async (): Promise<void> => {
    for (const client of clients) client.close();
    for (const child of children) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    for (const name of Object.values(names)) await run('ip', ['netns', 'del', name]).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await layCables(names);
  } catch (error) {
    await close();
    throw error;
  }
  const agent = (where: keyof typeof names, before: readonly string[] = []): NetAgent =>
    createAgent(start(where, [...before, process.execPath, 'test/support/net-agent.ts']));
  return {
    folder,
    names,
    workload: agent('workload'),
    origin: agent('origin'),
    agent,
    exec: (where, words, input) => execIn(names[where], words, input),
    startHelper: async (path) => {
      const words = ['src/gateway/helper/helper-process.ts', '--socket', join(folder, 'helper.sock')];
      const env = path === undefined ? {} : { PATH: path };
      const helper = start('gateway', [process.execPath, ...words, '--state', join(folder, 'state.json')], env);
      if (helper.stdout === null) throw new TypeError('"stdout" of the helper is not a pipe');
      await once(createInterface({ input: helper.stdout }), 'line');
      return helper;
    },
    connect: (options) => {
      const client = createKernelClient(join(folder, 'helper.sock'), options);
      clients.add(client);
      return client;
    },
    close,
  };
}

async function layCables(names: GatewayBed['names']): Promise<void> {
  const { workload, gateway, origin } = names;
  for (const name of Object.values(names)) await run('ip', ['netns', 'add', name]);
  const within = (name: string, lines: readonly string[]): Promise<string> =>
    execIn(name, ['ip', '-batch', '-'], `${lines.join('\n')}\n`);
  await within(workload, [
    `link add wi address ${workloadMac} type veth peer name gi netns ${gateway}`,
    ...addressLines('wi', [at.workload, at.second, at.spoofed]),
    `route add default via ${at.gateway[4]}`,
  ]);
  await within(gateway, [
    `link add gu type veth peer name oi netns ${origin}`,
    ...addressLines('gi', [at.gateway]),
    ...addressLines('gu', [{ 4: '203.0.113.1', 6: '2001:db8::1' }]),
    `route add default via ${at.origin[4]} dev gu proto dhcp metric 100`,
  ]);
  await within(origin, [
    ...addressLines('oi', [at.origin, at.other]),
    ...addressLines('lo', [at.far, at.metadata]),
    `route add 10.9.0.0/24 via 203.0.113.1`,
  ]);
  await execIn(gateway, ['ip', '-6', 'route', 'add', 'default', 'via', at.origin[6], 'dev', 'gu', 'metric', '1024']);
  await execIn(workload, ['ip', '-6', 'route', 'add', 'default', 'via', at.gateway[6]]);
  await execIn(origin, ['ip', '-6', 'route', 'add', 'fd09::/64', 'via', '2001:db8::1']);
  // As systemd sets it on many machines: the path of what comes in must exist.
  await execIn(gateway, ['sh', '-c', 'echo 2 > /proc/sys/net/ipv4/conf/gu/rp_filter']);
}

function addressLines(
  device: string,
  addresses: readonly { readonly 4: string; readonly 6: string }[],
): readonly string[] {
  const bits = device === 'lo' ? [32, 128] : [24, 64];
  return [
    'link set lo up',
    `link set ${device} up`,
    ...addresses.flatMap((both, index) => [
      `addr add ${both[4]}/${bits[0]} dev ${device}`,
      // The first is the one that connections are made from, unless they say otherwise.
      `addr add ${both[6]}/${bits[1]} dev ${device} nodad${index > 0 && device === 'wi' ? ' preferred_lft 0' : ''}`,
    ]),
  ];
}

function execIn(name: string, words: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile('ip', ['netns', 'exec', name, ...words], { timeout: 30_000 }, (_error, stdout, stderr) =>
      resolve(`${stdout}${stderr}`),
    );
    // A program that reads nothing may be gone by then.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function createAgent(child: ChildProcess): NetAgent {
  const waiting = new Map<number, (answer: AgentAnswer) => void>();
  let last = 0;
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new TypeError('"stdio" of the agent is not a pipe');
  createInterface({ input: stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as AgentAnswer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let isGone = false;
  child.once('exit', () => {
    isGone = true;
    for (const [id, settle] of waiting) settle({ id, result: 'the agent ended', ms: 0 });
  });
  return {
    tell: (order) =>
      new Promise((resolve) => {
        last += 1;
        if (isGone) return resolve({ id: last, result: 'the agent ended', ms: 0 });
        waiting.set(last, resolve);
        stdin.write(`${JSON.stringify({ id: last, ...order })}\n`);
      }),
  };
}
