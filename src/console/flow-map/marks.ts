import type { DraftOutcome, FlowVerdict } from '../../api/contract/index.ts';
import type { Tone } from '../ui/tag.tsx';
import { verdictNames } from './names.ts';

/** What a line is painted by: how it was judged, or, where a draft is tried, what becomes of it. */
export type Mark = FlowVerdict | DraftOutcome;

/** What carries a mark. */
export interface Marked {
  readonly verdict: FlowVerdict;
  readonly outcome?: DraftOutcome | undefined;
}

/** How outcomes of a draft are named, and which mark they carry; in the order in which they are told. */
export const outcomeNames: Readonly<Record<DraftOutcome, { readonly name: string; readonly tone: Tone }>> = {
  newly_denied: { name: 'newly denied: breaks', tone: 'bad' },
  newly_allowed: { name: 'newly allowed', tone: 'plain' },
  still_allowed: { name: 'still allowed', tone: 'good' },
  still_denied: { name: 'still denied', tone: 'quiet' },
  not_judged: { name: 'not judged', tone: 'quiet' },
};

const markNames = { ...verdictNames, ...outcomeNames };

/** The mark of a link or a path. */
export function markOf({ outcome, verdict }: Marked): Mark {
  return outcome ?? verdict;
}

/** The mark of a link or a path, in words. */
export function sayMark(one: Marked): string {
  return markNames[markOf(one)].name;
}

/** What tells links apart. */
export function linkKey(source: string, target: string, { verdict, outcome = undefined }: Marked): string {
  return [source, target, verdict, ...(outcome === undefined ? [] : [outcome])].join('\n');
}

/** Whether a draft changes what becomes of it. */
export function isChanged({ outcome }: Marked): boolean {
  return outcome === 'newly_denied' || outcome === 'newly_allowed';
}
