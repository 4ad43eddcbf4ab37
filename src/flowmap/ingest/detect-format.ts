import type { LogFormat } from './log-format.ts';
import { logFormats } from './log-formats.ts';
import type { LogLine } from './log-line.ts';

/** What a source looks like: its formats, best first, and whether its records lie in envelopes. */
export interface DetectedFormat {
  readonly formats: readonly LogFormat[];
  readonly isPeeled: boolean;
  /** How well the first one fits, 0 to 1. */
  readonly score: number;
}

/** Below this a format is not taken: too many lines of the sample are not its own. */
export const leastScore = 0.2;
/** A second format of a mixed file may be rare. */
const leastMixedScore = 0.02;
/** Formats of one file at most: each is tried for a line that those before it refuse. */
const mostFormats = 3;

/**
 * Says which format the sample of a source is in: the lines as they are, and the same lines out of their envelopes. Where both fit
 * alike the bare lines win, because peeling costs time. Formats past the first are for the lines that it refuses.
 */
export function detectFormat(raw: readonly LogLine[], peeled: readonly LogLine[]): DetectedFormat | null {
  const bare = rank(raw);
  const inner = rank(peeled);
  const isPeeled = (inner[0]?.score ?? 0) > (bare[0]?.score ?? 0);
  const ranked = isPeeled ? inner : bare;
  const [best] = ranked;
  if (best === undefined || best.score < leastScore) return null;
  const others = ranked.slice(1).filter(({ score }) => score >= leastMixedScore && best.score < 0.999);
  return {
    formats: [best.format, ...others.slice(0, mostFormats - 1).map(({ format }) => format)],
    isPeeled,
    score: best.score,
  };
}

function rank(sample: readonly LogLine[]): readonly { readonly format: LogFormat; readonly score: number }[] {
  if (sample.length === 0) return [];
  return logFormats
    .map((format) => ({ format, score: format.detect(sample) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
}
