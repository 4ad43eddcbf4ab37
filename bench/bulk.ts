import { compare } from './compare.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench } from './harness.ts';
import { cpuSeconds } from './process-cost.ts';
import { interleaved, withField } from './proxies.ts';

const tunnels = 4;
const bytesPerTunnel = 250_000_000;
const rounds = 5;

export const bench: Bench = defineBench('bulk', 'CPU of the proxy per GB through tunnels', measureBulk);

async function measureBulk({ note }: BenchContext): Promise<readonly BenchResult[]> {
  return withField(note, async (field) => {
    for (const proxy of [field.exeat, ...field.peers]) await field.generator.bulk(proxy, tunnels, bytesPerTunnel / 10);
    const perGigabyte = await interleaved(field, rounds, async (proxy) => {
      const before = cpuSeconds(proxy.pid);
      const load = await field.generator.bulk(proxy, tunnels, bytesPerTunnel);
      if (load.done !== tunnels) throw new Error(`${proxy.name} finished ${load.done} of ${tunnels} downloads`);
      return (cpuSeconds(proxy.pid) - before) / (load.bytes / 1e9);
    });
    const compared = { figure: 'CPU per GB', unit: 's', values: perGigabyte };
    return compare('bulk', compared, { ofPeers: { squid: 0.55 } });
  });
}
