import type { ToldExplanation } from '../app/index.ts';
import { cellText, formatTable } from './table.ts';

/** An explanation for people: the rules that decided, the nearest misses with why, and what to do. */
export function explanationText(explanation: ToldExplanation): string {
  const { matched, misses, looked } = explanation;
  const matchedRows = matched.map(({ id, reason, file, line }) => ({ rule: id, reason, where: `${file}:${line}` }));
  const missRows = misses.map(({ id, why, file, line }) => ({ rule: id, why, where: `${file}:${line}` }));
  return [
    `\nRules of the service looked at: ${looked}\n`,
    matchedRows.length === 0 ? '' : `\nDecided by:\n${formatTable(['rule', 'reason', 'where'], matchedRows)}`,
    missRows.length === 0 ? '' : `\nNearest misses:\n${formatTable(['rule', 'why', 'where'], missRows)}`,
    `\nWhat to do: ${cellText(explanation.mend)}\n`,
  ].join('');
}
