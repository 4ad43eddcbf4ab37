const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** One width of buckets: sums over `widthMs`, kept for `keptMs` past their end. */
export interface BucketWidth {
  readonly widthMs: number;
  readonly keptMs: number;
}

/** The widths of buckets, the narrowest first. Each is a multiple of the one before, so a wide bucket stands for whole narrow ones. */
export const bucketWidths: readonly BucketWidth[] = [
  { widthMs: hourMs, keptMs: 3 * dayMs },
  { widthMs: 6 * hourMs, keptMs: 10 * dayMs },
  // A month can be looked at to its last day.
  { widthMs: dayMs, keptMs: 35 * dayMs },
];

/** Buckets of one width from `fromMs` to before `toMs` (epoch milliseconds). */
export interface BucketRun {
  readonly widthMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A time as buckets tell it: whole ones, so it may begin earlier and end later than was asked. */
export interface CoveredSpan {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly runs: readonly BucketRun[];
}

/**
 * Covers a time with as few buckets as there can be, each instant once. What is further back than narrow buckets are kept is told by wide
 * ones. Epoch milliseconds.
 */
export function coverSpan(sinceMs: number, untilMs: number, nowMs: number): CoveredSpan {
  const oldestMs = nowMs - (bucketWidths.at(-1)?.keptMs ?? 0);
  const from = Math.max(sinceMs, oldestMs);
  const kept = bucketWidths.filter(({ keptMs }) => from >= nowMs - keptMs);
  const widths = kept.length === 0 ? bucketWidths.slice(-1) : kept;
  const grain = widths[0]?.widthMs ?? hourMs;
  const start = Math.floor(from / grain) * grain;
  const end = Math.max(start + grain, Math.ceil(Math.min(untilMs, nowMs + dayMs) / grain) * grain);
  return {
    sinceMs: start,
    untilMs: end,
    runs: runsBetween(start, end, widths.map(({ widthMs }) => widthMs).reverse()),
  };
}

/** `widest` holds the widths, the widest first. */
function runsBetween(start: number, end: number, widest: readonly number[]): readonly BucketRun[] {
  const runs: BucketRun[] = [];
  let at = start;
  while (at < end) {
    const widthMs = widest.find((each) => at % each === 0 && at + each <= end) ?? end - at;
    const last = runs.at(-1);
    if (last?.widthMs === widthMs) runs[runs.length - 1] = { ...last, toMs: at + widthMs };
    else runs.push({ widthMs, fromMs: at, toMs: at + widthMs });
    at += widthMs;
  }
  return runs;
}
