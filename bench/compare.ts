import { type BenchResult, figure, median } from './harness.ts';

/** Our median beside each peer's, a row a peer; `values` holds the rounds by name of the proxy, ours as `exeat`. */
export function compare(
  bench: string,
  name: string,
  unit: string,
  values: ReadonlyMap<string, readonly number[]>,
): readonly BenchResult[] {
  const value = median(values.get('exeat') ?? []);
  const peers = [...values].filter(([peer]) => peer !== 'exeat');
  if (peers.length === 0) return [figure({ bench, figure: name, value, unit })];
  return peers.map(([peer, rounds]) =>
    figure({ bench, figure: name, value, unit, peer: { name: peer, value: median(rounds) } }),
  );
}
