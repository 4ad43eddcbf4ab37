/** One figure of a bench: ours, beside the same figure of a peer that was measured in the same run. */
export interface BenchResult {
  /** Name of the bench, such as `connect`. */
  readonly bench: string;
  /** What was measured, such as `cpu per CONNECT`. */
  readonly figure: string;
  readonly value: number;
  /** Unit of `value` and `peerValue`, such as `µs` or `bytes`. */
  readonly unit: string;
  /** Who it is compared with; null where there is nothing to compare with. */
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** `value / peerValue`; null without a peer. */
  readonly ratio: number | null;
  /** What must hold, in words a reader can check, such as `<= 1.5`; null where the figure is only told. */
  readonly bar: string | null;
  /** True when the bar holds, or when there is none. */
  readonly ok: boolean;
}

/** What a bench is given: `note` tells the reader something that is no figure, such as a peer that is not installed. */
export interface BenchContext {
  readonly note: (text: string) => void;
  /** Asked for with `--quick`: a look in a minute or two, where a bench takes long. Default: false. */
  readonly isQuick?: boolean;
}

/** A bench: a name for the command line, one sentence of what it measures, and what runs it. */
export interface Bench {
  readonly name: string;
  readonly says: string;
  readonly run: (context: BenchContext) => Promise<readonly BenchResult[]>;
}

/** Makes the `bench` export that each file in `bench/` has: `export const bench = defineBench('decide', '…', run)`. */
export function defineBench(name: string, says: string, run: Bench['run']): Bench {
  return { name, says, run };
}

/** The parts of a figure that a bench fills in; the rest follows from them. */
export interface FigureParts {
  readonly bench: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** A peer's figure from the same run. Default: none. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** The most that `value` may be. Default: no bar. */
  readonly atMost?: number;
  /** The least that `value` may be. Default: no bar. */
  readonly atLeast?: number;
  /** The most that `value / peer.value` may be. Default: no bar. */
  readonly atMostRatio?: number;
  /** By how much of the peer's value the most may be passed, since the measurement tells no less apart; the bar says so. Default: 0. */
  readonly tolerance?: number;
  /** The least that `value / peer.value` may be. Default: no bar. */
  readonly atLeastRatio?: number;
}

/** Fills in a figure: the ratio to the peer, the bar as text and whether it holds. */
export function figure(parts: FigureParts): BenchResult {
  const { bench, figure: name, value, unit, peer } = parts;
  const ratio = peer === undefined ? null : value / peer.value;
  const bars = barsOf(parts, ratio);
  return {
    bench,
    figure: name,
    value,
    unit,
    peer: peer?.name ?? null,
    peerValue: peer?.value ?? null,
    ratio,
    bar: bars.length === 0 ? null : bars.map(({ text }) => text).join(' and '),
    ok: bars.every(({ holds }) => holds),
  };
}

function barsOf(
  { value, unit, peer, atMost, atLeast, atMostRatio, tolerance = 0, atLeastRatio }: FigureParts,
  ratio: number | null,
): readonly { readonly text: string; readonly holds: boolean }[] {
  const bars: { text: string; holds: boolean }[] = [];
  if (atMost !== undefined) bars.push({ text: `<= ${atMost} ${unit}`, holds: value <= atMost });
  if (atLeast !== undefined) bars.push({ text: `>= ${atLeast} ${unit}`, holds: value >= atLeast });
  if (atMostRatio !== undefined) {
    const within = tolerance === 0 ? '' : ` (measured to within ${tolerance})`;
    const text = `<= ${atMostRatio} of ${peer?.name ?? 'a peer'}${within}`;
    bars.push({ text, holds: ratio !== null && ratio <= atMostRatio + tolerance });
  }
  if (atLeastRatio !== undefined) {
    const text = `>= ${atLeastRatio} of ${peer?.name ?? 'a peer'}`;
    bars.push({ text, holds: ratio !== null && ratio >= atLeastRatio });
  }
  return bars;
}

/** The middle value, which one disturbed round does not move; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new TypeError('"values" is empty: a median needs one round at least');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
