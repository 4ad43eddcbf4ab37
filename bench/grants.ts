import { loadavg } from 'node:os';
import {
  type CompiledPolicy,
  compilePolicy,
  decide,
  type Grant,
  noFacts,
  openGrants,
  openPolicy,
} from '../src/policy/index.ts';
import { openGrantDesk, storyGrant } from '../test/support/grant-desk.ts';
import { grantOf } from '../test/support/grant-fixture.ts';
import { startProduct } from '../test/support/product.ts';
import { basicProof } from '../test/support/raw-client.ts';
import { benchRequests, benchTree, type PolicySize, ruleName, serviceName } from './decide-policy.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure, median } from './harness.ts';
import { createLoadGenerator } from './load.ts';
import { cpuSeconds } from './process-cost.ts';

const grantCount = 10_000;
const tunnels = 8_000;
const blocks = 30;
const warmBlocks = 10;
const requestsPerBlock = 10_000;
const host = 'origin.example';

export const bench: Bench = defineBench(
  'grants',
  'time of a decision with 10,000 grants loaded, and from a revocation to the last of 8,000 cuts',
  async (context) => [...measureDecisions({ services: 1_000, rulesPerService: 100 }), ...(await measureCut(context))],
);

/** The same questions, a quarter of them misses, with and without grants, in turns; a rule allows the others and no grant is looked at. */
export function measureDecisions(size: PolicySize): readonly BenchResult[] {
  const policy = openBenchPolicy(size);
  const grants = openGrants(
    Array.from({ length: grantCount }, (_, index) => benchGrant(size, index)),
    [],
  );
  const withGrants = { ...noFacts, grants };
  const times = { without: [] as number[], with: [] as number[] };
  for (let block = 0; block < warmBlocks + blocks; block++) {
    const requests = benchRequests(size, requestsPerBlock, block + 1);
    const turns = block % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const);
    for (const turn of turns) {
      const asked = requests.map((request) => ({ ...request, facts: turn === 'with' ? withGrants : noFacts }));
      const began = performance.now();
      for (const request of asked) decide(policy, request);
      const microseconds = ((performance.now() - began) * 1_000) / requestsPerBlock;
      if (block >= warmBlocks) times[turn].push(microseconds);
    }
  }
  const peer = { name: 'no grants', value: median(times.without) };
  const value = median(times.with);
  return [figure({ bench: 'grants', figure: 'mean of a decision', value, unit: 'µs', peer, atMostRatio: 1.2 })];
}

/** The policy of the bench, compiled and opened. */
export function openBenchPolicy(size: PolicySize): CompiledPolicy {
  const bytes = compilePolicy(benchTree(size), { version: 'sha256:bench', seed: new Uint8Array(16).fill(7) });
  if (!bytes.ok) throw new Error(bytes.fault.message);
  const opened = openPolicy(bytes.value);
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

// Spread over the services, for names that others may reach: some of the misses are asked for.
function benchGrant(size: PolicySize, index: number): Grant {
  const service = index % size.services;
  const name = ruleName((service + 1) % size.services, index % size.rulesPerService);
  const times = { notBefore: 0, notAfter: 2_000_000_000_000 };
  return grantOf(`g${index}`, `${name}:443`, { service: serviceName(service), ...times });
}

/**
 * With 10,000 live grants: from control's writing of a list that revokes one of them to the last cut of the tunnels that it justified, and
 * the CPU of the point for each cut. What taking such a list costs without a tunnel is measured before, and is no part of a cut.
 */
async function measureCut({ note }: BenchContext): Promise<readonly BenchResult[]> {
  const generator = await createLoadGenerator();
  const product = await startProduct({
    policy: { 'bench.yaml': benchPolicy() },
    credentials: ['story'],
    config: {
      hosts: { [host]: '127.0.0.1' },
      localOrigins: [`127.0.0.1:${generator.originPort}`],
      limits: { connections: tunnels + 100, perPrincipal: tunnels + 100, unprovenPerSource: tunnels + 100 },
    },
  });
  try {
    const desk = await openGrantDesk(product);
    const others = Array.from({ length: grantCount - 1 }, (_, index) =>
      storyGrant(`g${index}`, `other-${index}.example:443`),
    );
    const grants = [storyGrant('cut', `tcp://${host}:${generator.originPort}`), ...others];
    await desk.put(grants);
    const point = product.report.pids.point ?? 0;
    const list = await costOf(point, () => desk.put(grants));
    note(`taking the list by itself: ${list.seconds.toFixed(2)} s, of the point's CPU ${list.cpuSeconds.toFixed(2)} s`);
    const proof = basicProof('story', product.secretOf('story'));
    const held = await generator.idle({ port: product.proxyPort, host, proof }, tunnels);
    const { liveByGrant } = await desk.ask<{ liveByGrant: Readonly<Record<string, number>> }>('grants');
    note(`${liveByGrant['cut'] ?? 0} tunnels are live by the grant`);
    const cut = await costOf(point, () => desk.put(grants, [{ id: 'cut', why: 'revoked' }]));
    const load = loadavg()
      .map((each) => each.toFixed(1))
      .join(' ');
    note(`taking the list and cutting: of the point's CPU ${cut.cpuSeconds.toFixed(2)} s; load average ${load}`);
    const left = await desk.ask<{ liveByGrant: Readonly<Record<string, number>> }>('grants');
    if ((left.liveByGrant['cut'] ?? 0) > 0 || (liveByGrant['cut'] ?? 0) < tunnels)
      throw new Error('not every tunnel stood, or was cut');
    await held.release();
    const cpuMicroseconds = ((cut.cpuSeconds - list.cpuSeconds) * 1_000_000) / tunnels;
    return [
      figure({
        bench: 'grants',
        figure: `revocation to the last of ${tunnels} cuts`,
        value: cut.seconds,
        unit: 's',
        atMost: 1,
      }),
      figure({ bench: 'grants', figure: 'cpu per cut', value: cpuMicroseconds, unit: 'µs', atMost: 70 }),
    ];
  } finally {
    await product.stop();
    await generator.close();
  }
}

async function costOf(
  pid: number,
  work: () => Promise<void>,
): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
  const cpuBefore = cpuSeconds(pid);
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1_000;
  return { seconds, cpuSeconds: cpuSeconds(pid) - cpuBefore };
}

function benchPolicy(): string {
  return `apiVersion: exeat/v1
service: story
owner: team-bench
kind: app
mode: enforce
identities: [ "credential:story" ]
allow: [ { to: "ruled.example:443", reason: a rule beside } ]
`;
}
