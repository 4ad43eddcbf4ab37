import { type BenchResult, figure, median } from './harness.ts';

/** What the figures must come to: ours at most, and our share of a peer's by name of the peer. */
export interface Bars {
  /** Default: no bar. */
  readonly atMost?: number;
  /** Default: no bars. */
  readonly ofPeers?: Readonly<Record<string, number>>;
}

/** A figure of every proxy: its name, its unit, and the rounds by name of the proxy, ours as `exeat`. */
export interface Compared {
  readonly figure: string;
  readonly unit: string;
  readonly values: ReadonlyMap<string, readonly number[]>;
}

/** Our median beside each peer's, a row a peer. */
export function compare(bench: string, compared: Compared, bars: Bars = {}): readonly BenchResult[] {
  const { figure: name, unit, values } = compared;
  const ours = {
    bench,
    figure: name,
    value: median(values.get('exeat') ?? []),
    unit,
    ...(bars.atMost === undefined ? {} : { atMost: bars.atMost }),
  };
  const peers = [...values].filter(([peer]) => peer !== 'exeat');
  if (peers.length === 0) return [figure(ours)];
  return peers.map(([peer, rounds]) => {
    const bar = bars.ofPeers?.[peer];
    const own = bar === undefined ? {} : { atMostRatio: bar };
    return figure({ ...ours, ...own, peer: { name: peer, value: median(rounds) } });
  });
}
