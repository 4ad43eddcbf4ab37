import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type CompiledPolicy, type DecisionRequest, decide, openPolicy } from '../src/policy/index.ts';
import { type TimedBlock, timeBlock } from './decide-block.ts';
import { benchRequests, type PolicySize } from './decide-policy.ts';
import type { Compiled, CompileOrder } from './decide-worker.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure, median } from './harness.ts';

const blocks = 30;
/** Blocks before the compiler has settled. */
const warmBlocks = 10;
const reloadRequests = 20_000;
/** A slice of decisions between two turns of the event loop, as a busy point has. */
const sliceDecisions = 200;

export const bench: Bench = defineBench(
  'decide',
  'time of a decision, of compiling and of a reload, and bytes a rule, with many services and rules',
  (context) => measureDecide(context, { services: 10_000, rulesPerService: 100 }),
);

/** Runs the bench with a policy of this size; the guard test runs it small. */
export async function measureDecide({ note }: BenchContext, size: PolicySize): Promise<readonly BenchResult[]> {
  const rules = size.services * size.rulesPerService;
  note(
    `${size.services} services, ${rules} rules, uniformly random pairs, a quarter misses, no memo; YAML is not in it`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'exeat-bench-'));
  const workerUrl = new URL('./decide-worker.ts', import.meta.url);
  const control = fork(workerUrl, ['control'], { execArgv: ['--max-old-space-size=8192'] });
  const worker = new Worker(workerUrl);
  const reloadPolicy: Reload = (round) =>
    compileElsewhere({ control, worker, path: join(folder, 'policy') }, size, round);
  try {
    const first = await reloadPolicy(0);
    const before = heapUsed();
    const policy = open(first.shared);
    const opened = heapUsed() - before;
    const bytesPerRule = (first.shared.byteLength + Math.max(0, opened)) / policy.ruleCount;
    const decisions = await compareDecisions(policy, size);
    const reload = await measureReload(reloadPolicy, policy, size);
    const scaled = (bar: number): number => bar * Math.max(rules / 1_000_000, 0.01);
    return [
      decisions,
      figure({
        bench: 'decide',
        figure: 'compile from nodes',
        value: first.compileMs / 1000,
        unit: 's',
        atMost: Math.max(scaled(10), 2),
      }),
      figure({
        bench: 'decide',
        figure: 'bytes a rule, heap and buffer',
        value: bytesPerRule,
        unit: 'bytes',
        atMost: 250,
      }),
      ...reload,
    ];
  } finally {
    control.kill();
    await worker.terminate();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Compiles a round and gives it in shared memory. */
type Reload = (round: number) => Promise<{ readonly shared: SharedArrayBuffer; readonly compileMs: number }>;

interface Elsewhere {
  readonly control: ChildProcess;
  readonly worker: Worker;
  readonly path: string;
}

async function compileElsewhere(
  { control, worker, path }: Elsewhere,
  size: PolicySize,
  round: number,
): ReturnType<Reload> {
  control.send({ size, round, path } satisfies CompileOrder);
  const [{ compileMs }] = (await once(control, 'message')) as [Compiled];
  worker.postMessage(path);
  const [shared] = (await once(worker, 'message')) as [SharedArrayBuffer];
  return { shared, compileMs };
}

function open(shared: SharedArrayBuffer): CompiledPolicy {
  const opened = openPolicy(new Uint8Array(shared), { check: 'header' });
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** Ours and the peer in turns over the same questions, a block each; each question is asked once of each. */
async function compareDecisions(policy: CompiledPolicy, size: PolicySize): Promise<BenchResult> {
  const worker = new Worker(new URL('./decide-peer-worker.ts', import.meta.url), { workerData: size });
  const ours: number[] = [];
  const peers: number[] = [];
  try {
    for (let block = 0; block < warmBlocks + blocks; block++) {
      const our = timeBlock(size, block, (request) => decide(policy, request).verdict === 'allow');
      worker.postMessage(block);
      const [peer] = (await once(worker, 'message')) as [TimedBlock];
      if (our.allowed !== peer.allowed) {
        throw new Error(`${our.allowed} of a block were allowed, ${peer.allowed} by the peer: they must agree`);
      }
      if (block < warmBlocks) continue;
      ours.push(our.microseconds);
      peers.push(peer.microseconds);
    }
  } finally {
    await worker.terminate();
  }
  const peer = { name: 'Map of strings', value: median(peers) };
  const value = median(ours);
  return figure({ bench: 'decide', figure: 'mean of a decision', value, unit: 'µs', peer, atMost: 1.5 });
}

/** Decides without a pause while a changed policy is compiled elsewhere and handed over, and takes the longest gap. */
async function measureReload(
  reloadPolicy: Reload,
  policy: CompiledPolicy,
  size: PolicySize,
): Promise<readonly BenchResult[]> {
  const requests = benchRequests(size, reloadRequests, 99);
  heapUsed();
  const quiet = await longestGap(requests, () => policy, Promise.resolve(), 1000);
  let current = policy;
  let openMs = 0;
  const reload = (async (): Promise<void> => {
    for (let round = 1; round <= 3; round++) {
      const { shared } = await reloadPolicy(round);
      const started = performance.now();
      current = open(shared);
      openMs = Math.max(openMs, performance.now() - started);
    }
  })();
  const gap = await longestGap(requests, () => current, reload, 1000);
  return [
    figure({ bench: 'decide', figure: 'open a compiled policy', value: openMs, unit: 'ms', atMost: 50 }),
    figure({
      bench: 'decide',
      figure: 'longest stall during 3 reloads',
      value: gap,
      unit: 'ms',
      peer: { name: 'no reload', value: quiet },
      atMost: 50,
    }),
  ];
}

async function longestGap(
  requests: readonly DecisionRequest[],
  policy: () => CompiledPolicy,
  work: Promise<void>,
  atLeastMs: number,
): Promise<number> {
  let isDone = false;
  work.then(
    () => {
      isDone = true;
    },
    () => {
      isDone = true;
    },
  );
  const started = performance.now();
  let last = started;
  let longest = 0;
  for (let at = 0; !isDone || last - started < atLeastMs; at = (at + sliceDecisions) % requests.length) {
    for (const request of requests.slice(at, at + sliceDecisions)) decide(policy(), request);
    await nextTurn();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  await work;
  return longest;
}
