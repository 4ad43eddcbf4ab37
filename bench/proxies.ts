import { createLoadGenerator, type LoadGenerator } from './load.ts';
import { type ProxyUnderTest, startPeers } from './peers.ts';
import { startExeat } from './start-exeat.ts';

/** What a bench of proxies works with: the generator, ourselves, and the peers in turn after us. */
export interface Field {
  readonly generator: LoadGenerator;
  readonly exeat: ProxyUnderTest;
  readonly peers: readonly ProxyUnderTest[];
}

/** Starts everything, runs `body`, and stops everything whatever happens. */
export async function withField<T>(note: (text: string) => void, body: (field: Field) => Promise<T>): Promise<T> {
  const generator = await createLoadGenerator();
  const running: ProxyUnderTest[] = [];
  try {
    const exeat = await startExeat(generator.originPort);
    running.push(exeat);
    const onNode = await startExeat(generator.originPort, 'node');
    running.push(onNode);
    const others = await startPeers(generator.originPort, note);
    running.push(...others);
    const peers = [onNode, ...others];
    return await body({ generator, exeat, peers });
  } finally {
    for (const proxy of running) await proxy.stop();
    await generator.close();
  }
}

/** Runs `measure` on every proxy in turn for some rounds, so that a change of the machine's speed meets all alike. */
export async function interleaved(
  field: Field,
  rounds: number,
  measure: (proxy: ProxyUnderTest) => Promise<number>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const values = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const proxy of [field.exeat, ...field.peers]) {
      const list = values.get(proxy.name) ?? [];
      values.set(proxy.name, list);
      list.push(await measure(proxy));
    }
  }
  return values;
}
