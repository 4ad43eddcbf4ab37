import { setTimeout as sleep } from 'node:timers/promises';
import { benchPorts, type GatewayUnderTest } from './gateway-exeat.ts';
import type { Lane, Lanes } from './gateway-lanes.ts';
import { type BenchResult, figure } from './harness.ts';
import { cpuSeconds, kernelBytes, memoryBytes } from './process-cost.ts';

const pollMs = 20;
const longestMs = 60_000;
const settleMs = 1_000;
const kibibytes = 1024;

/** Fills the sets and tells how long it takes and what it takes. */
export async function measureFill(gateway: GatewayUnderTest, count: number): Promise<readonly BenchResult[]> {
  const before = { kernel: kernelBytes(), helper: memoryBytes(gateway.pids.helper) };
  const began = performance.now();
  await gateway.fillSets(count);
  const tookMs = performance.now() - began;
  await sleep(settleMs);
  const elements = count.toLocaleString('en');
  const row = (name: string, value: number, unit: string): BenchResult =>
    figure({ bench: 'gateway', figure: `${elements} elements: ${name}`, value, unit });
  return [
    row('time to load', tookMs, 'ms'),
    row('memory of the kernel for each', (kernelBytes() - before.kernel) / count, 'bytes'),
    row('memory of the helper, more', (memoryBytes(gateway.pids.helper) - before.helper) / kibibytes, 'KiB'),
  ];
}

/** What else depends on how many elements there are: a plan that is replaced, and the look for drift. */
export async function measureUpkeep(
  lanes: Lanes,
  { lane, gateway, held, restSeconds }: UpkeepOrder,
): Promise<readonly BenchResult[]> {
  const row = (name: string, value: number, unit: string): BenchResult =>
    figure({ bench: 'gateway', figure: `${name}, ${held} elements`, value, unit });
  const began = performance.now();
  await gateway.openExtra(true);
  await untilOpen(lanes, lane);
  const appliedMs = performance.now() - began;
  await gateway.openExtra(false);
  await untilClosed(lanes, lane);
  await sleep(sizedSettleMs(restSeconds));
  const before = { helper: cpuSeconds(gateway.pids.helper), point: cpuSeconds(gateway.pids.point) };
  await sleep(restSeconds * 1_000);
  const share = (pid: number, since: number): number => ((cpuSeconds(pid) - since) / restSeconds) * 1_000;
  return [
    row('policy changed until its packet passes', appliedMs, 'ms'),
    row('foreign rule until it is undone', await undoneAfter(lanes), 'ms'),
    row('CPU of the helper at rest, drift looked for', share(gateway.pids.helper, before.helper), 'ms/s'),
    row('CPU of the point at rest, counts read', share(gateway.pids.point, before.point), 'ms/s'),
  ];
}

/** Where and how much. */
export interface UpkeepOrder {
  readonly lane: Lane;
  readonly gateway: GatewayUnderTest;
  /** As the figure is to say it: `100,000`. */
  readonly held: string;
  /** For how long nothing happens while the cost at rest is taken. */
  readonly restSeconds: number;
}

// What a new plan leaves behind, garbage and compiling among it, is no cost at rest.
function sizedSettleMs(restSeconds: number): number {
  return Math.min(settleMs * 3, restSeconds * 1_000);
}

function untilOpen(lanes: Lanes, lane: Lane): Promise<void> {
  return untilMet(lanes, lane, 'connect');
}

function untilClosed(lanes: Lanes, lane: Lane): Promise<void> {
  return untilMet(lanes, lane, 'error');
}

async function untilMet(lanes: Lanes, { origin }: Lane, wanted: 'connect' | 'error'): Promise<void> {
  const other = wanted === 'connect' ? 'error' : 'connect';
  const script = `const end = Date.now() + ${longestMs};
    const again = () => {
      const to = require('node:net').connect(${benchPorts.extra}, '${origin[4]}');
      to.on('${wanted}', () => process.exit(0));
      to.on('${other}', () => { to.destroy(); Date.now() < end ? setTimeout(again, ${pollMs}) : process.exit(1); });
    };
    again();`;
  await lanes.exec('workload', [process.execPath, '-e', script], { timeoutMs: longestMs });
}

async function undoneAfter(lanes: Lanes): Promise<number> {
  const chain = ['inet', 'exeat', 'c_forward'];
  await lanes.exec('exeat', ['nft', 'insert', 'rule', ...chain, 'meta', 'mark', '0xbeef', 'drop']);
  const began = performance.now();
  while ((await lanes.exec('exeat', ['nft', 'list', 'chain', ...chain])).includes('beef')) {
    if (performance.now() - began > longestMs) throw new Error(`a foreign rule stood for more than ${longestMs} ms`);
    await sleep(pollMs);
  }
  return performance.now() - began;
}
