import { setTimeout as sleep } from 'node:timers/promises';
import { compare } from './compare.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench } from './harness.ts';
import type { LoadGenerator } from './load.ts';
import type { ProxyUnderTest } from './peers.ts';
import { memoryBytes } from './process-cost.ts';
import { withField } from './proxies.ts';

const tunnels = 2000;
const rounds = 3;
// Long enough for buffers of the opening to be given back.
const settleMs = 3000;

export const bench: Bench = defineBench('idle', 'Memory of the proxy per idle tunnel', measureIdle);

async function measureIdle({ note }: BenchContext): Promise<readonly BenchResult[]> {
  const perTunnel = new Map<string, number[]>();
  // A process keeps pages that an earlier round made it take, so every round starts fresh ones.
  for (let round = 0; round < rounds; round += 1) {
    await withField(note, async (field) => {
      for (const proxy of [field.exeat, ...field.peers]) {
        const list = perTunnel.get(proxy.name) ?? [];
        perTunnel.set(proxy.name, list);
        list.push(await measureOne(field.generator, proxy));
      }
    });
  }
  const compared = { figure: 'memory per idle tunnel', unit: 'bytes', values: perTunnel };
  return compare('idle', compared, { atMost: 3072 });
}

async function measureOne(generator: LoadGenerator, proxy: ProxyUnderTest): Promise<number> {
  await generator.rate(proxy, 32, 1);
  await sleep(settleMs);
  const before = memoryBytes(proxy.pid);
  const held = await generator.idle(proxy, tunnels);
  await sleep(settleMs);
  const after = memoryBytes(proxy.pid);
  await held.release();
  return Math.max(0, after - before) / tunnels;
}
