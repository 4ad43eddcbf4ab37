import { type Ending, endings, type WayResult } from './ending.ts';
import { type Setting, settings } from './settings.ts';
import type { Way } from './way.ts';

/** What came of one way: a row of the scorecard. */
export interface Score {
  readonly way: string;
  readonly group: string;
  readonly title: string;
  readonly result: WayResult;
  /** How it ended, in words: `refused`, `answer with the token`. */
  readonly ended: string;
  readonly detail: string | null;
  /** Null where it was not tried. */
  readonly ms: number | null;
  /** What closes it. */
  readonly setting: Setting;
}

/** A whole run. `token` is what the canary's log has of it. */
export interface Scorecard {
  readonly token: string;
  readonly scores: readonly Score[];
  readonly counts: Readonly<Record<WayResult, number>>;
}

/** Judges how the attempt of a way ended; `ms` is null for one that was not tried. */
export function scoreWay(way: Way, ending: Ending, ms: number | null): Score {
  const { result, says } = endings[ending.how];
  return {
    way: way.id,
    group: way.group,
    title: way.title,
    result,
    ended: says,
    detail: ending.detail,
    ms,
    setting: settings[way.closedBy],
  };
}

/** Counts what came of a run. What was not tried counts as untested and never as closed. */
export function foldScores(token: string, scores: readonly Score[]): Scorecard {
  const count = (result: WayResult): number => scores.filter((score) => score.result === result).length;
  return { token, scores, counts: { open: count('open'), closed: count('closed'), untested: count('untested') } };
}
