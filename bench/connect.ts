import { compare } from './compare.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench } from './harness.ts';
import { cpuSeconds } from './process-cost.ts';
import { interleaved, withField } from './proxies.ts';

const concurrency = 32;
const secondsPerRound = 4;
const rounds = 5;
// V8 goes on compiling hot code for some 20,000 connections, on threads that count as ours; a proxy runs for weeks.
const warmUpSeconds = 10;

export const bench: Bench = defineBench(
  'connect',
  'CPU of the proxy per CONNECT with a ClientHello and one small exchange',
  measureConnect,
);

async function measureConnect({ note }: BenchContext): Promise<readonly BenchResult[]> {
  note('proof: a Basic credential for us (verified once, then remembered), none for the peers; default `tls` rules');
  note(`every proxy is warmed up for ${warmUpSeconds} s`);
  return withField(note, async (field) => {
    for (const proxy of [field.exeat, ...field.peers]) await field.generator.rate(proxy, concurrency, warmUpSeconds);
    const perConnect = await interleaved(field, rounds, async (proxy) => {
      const before = cpuSeconds(proxy.pid);
      const load = await field.generator.rate(proxy, concurrency, secondsPerRound);
      if (load.broken > load.done / 100)
        throw new Error(`${proxy.name} broke ${load.broken} of ${load.done} exchanges`);
      return ((cpuSeconds(proxy.pid) - before) / load.done) * 1e6;
    });
    const compared = { figure: 'CPU per CONNECT', unit: 'µs', values: perConnect };
    return compare('connect', compared, { ofPeers: { squid: 0.7, haproxy: 1.8 } });
  });
}
