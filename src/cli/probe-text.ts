import type { Score, Scorecard } from '../probe/index.ts';
import { cellText, formatTable } from './table.ts';
import { countText } from './wording.ts';

/** A scorecard for people: the table, below it what closes each open way, and the sum last, because a terminal shows the end. */
export function scorecardText(card: Scorecard): string {
  const rows = card.scores.map((score) => ({
    way: score.way,
    result: score.result === 'open' ? 'OPEN' : score.result,
    'how it ended': score.detail === null ? score.ended : `${score.ended}: ${score.detail}`,
    ms: score.ms,
  }));
  const { open, closed, untested } = card.counts;
  const sum = `${open} open, ${closed} closed, ${untested} untested`;
  return [
    formatTable(['way', 'result', 'how it ended', 'ms'], rows),
    openText(card.scores.filter(({ result }) => result === 'open')),
    `\n${sum}; the canary has this run as ${card.token}\n`,
    hasReached(card) ? '' : 'nothing reached the canary: see from an open place that it answers\n',
  ].join('');
}

function openText(open: readonly Score[]): string {
  if (open.length === 0) return '';
  const settings = Map.groupBy(open, ({ setting }) => setting);
  const blocks = [...settings].map(([{ says, link }, scores]) => {
    const lines = scores.map(({ way, title }) => `  ${way}  ${cellText(title)}\n`);
    return `-> ${says} (docs/guide/${link})\n${lines.join('')}`;
  });
  return `\n${countText(open.length, 'way')} out, by what closes ${open.length === 1 ? 'it' : 'them'}\n${blocks.join('')}`;
}

// Whether the canary is there at all: a closed way and a dead canary look the same from here.
function hasReached({ scores }: Scorecard): boolean {
  return scores.some(({ ended }) => ended.endsWith('with the token'));
}
