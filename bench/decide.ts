import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type CompiledPolicy, type DecisionRequest, decide, openPolicy } from '../src/policy/index.ts';
import { benchRequests, type PolicySize, ruleName, serviceName } from './decide-policy.ts';
import type { Compiled, CompileOrder } from './decide-worker.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure, median } from './harness.ts';

/** A block is 20 rounds of one side, 10,000 decisions: what the peer's maps left in the cache does not meet every round of ours. */
const blocks = 30;
const roundsPerBlock = 20;
/** Questions are made just before they are asked, as a point has just parsed them: fresh in the cache, their answers are not. */
const requestsPerRound = 500;
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
    const decisions = compareDecisions(policy, size);
    const reload = await measureReload(reloadPolicy, policy, size);
    const scaled = (bar: number): number => bar * Math.max(rules / 1_000_000, 0.01);
    return [
      decisions.hitsAndMisses,
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
function compareDecisions(policy: CompiledPolicy, size: PolicySize): { readonly hitsAndMisses: BenchResult } {
  const maps = mapsOfStrings(size);
  const ours: number[] = [];
  const peers: number[] = [];
  for (let block = 0; block < warmBlocks + blocks; block++) {
    const our = timeBlock(size, block, (request) => decide(policy, request).verdict === 'allow');
    const peer = timeBlock(size, block, (request) => isInMaps(maps, request));
    if (our.allowed !== peer.allowed) {
      throw new Error(`${our.allowed} of a block were allowed, ${peer.allowed} by the peer: they must agree`);
    }
    if (block < warmBlocks) continue;
    ours.push(our.microseconds);
    peers.push(peer.microseconds);
  }
  const peer = { name: 'Map of strings', value: median(peers) };
  const hitsAndMisses = figure({
    bench: 'decide',
    figure: 'mean of a decision',
    value: median(ours),
    unit: 'µs',
    peer,
    atMost: 1.5,
  });
  return { hitsAndMisses };
}

interface Timed {
  readonly microseconds: number;
  readonly allowed: number;
}

/** The mean over a block; making the questions is not in it. */
function timeBlock(size: PolicySize, block: number, ask: (request: DecisionRequest) => boolean): Timed {
  let microseconds = 0;
  let allowed = 0;
  for (let round = 0; round < roundsPerBlock; round++) {
    const timed = timePerDecision(benchRequests(size, requestsPerRound, block * roundsPerBlock + round + 1), ask);
    microseconds += timed.microseconds / roundsPerBlock;
    allowed += timed.allowed;
  }
  return { microseconds, allowed };
}

function timePerDecision(requests: readonly DecisionRequest[], ask: (request: DecisionRequest) => boolean): Timed {
  let allowed = 0;
  const started = performance.now();
  for (const request of requests) if (ask(request)) allowed += 1;
  return { microseconds: ((performance.now() - started) * 1000) / requests.length, allowed };
}

/** The peer: what one writes first, a Map of services to Sets of `host:port`. It knows no boundary, class, ids or observe mode. */
function mapsOfStrings({ services, rulesPerService }: PolicySize): ReadonlyMap<string, ReadonlySet<string>> {
  const maps = new Map<string, Set<string>>();
  for (let service = 0; service < services; service++) {
    const set = new Set<string>();
    for (let rule = 0; rule < rulesPerService; rule++) {
      const name = ruleName(service, rule);
      if (rule % 50 === 49) set.add(`203.0.113.${(service + rule) % 256}:443`);
      else set.add(rule % 4 === 3 ? `*.${name}:443` : `${name}:443`);
    }
    maps.set(serviceName(service), set);
  }
  return maps;
}

function isInMaps(
  maps: ReadonlyMap<string, ReadonlySet<string>>,
  { principal, destination }: DecisionRequest,
): boolean {
  const set = maps.get(principal.service);
  if (set === undefined) return false;
  const { host, port } = destination;
  if (host.kind === 'address') return set.has(`${host.address.text}:${port}`);
  if (set.has(`${host.name}:${port}`)) return true;
  for (let dot = host.name.indexOf('.'); dot >= 0; dot = host.name.indexOf('.', dot + 1)) {
    if (set.has(`*${host.name.slice(dot)}:${port}`)) return true;
  }
  return false;
}

/** Decides without a pause while a changed policy is compiled elsewhere and handed over, and takes the longest gap. */
async function measureReload(
  reloadPolicy: Reload,
  policy: CompiledPolicy,
  size: PolicySize,
): Promise<readonly BenchResult[]> {
  const requests = benchRequests(size, reloadRequests, 99);
  // The peer's million strings are gone: a point has no such heap to collect.
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
