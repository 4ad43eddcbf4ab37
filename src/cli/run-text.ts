import type { RunOutcome } from '../app/index.ts';
import { escapeControls } from '../base/index.ts';
import { reasons } from '../policy/index.ts';
import { toOf } from './run-draft.ts';
import { formatTable } from './table.ts';
import { countText, sizeText } from './wording.ts';

/** What nobody sees who stands at the network: said at the end of each run. */
export const blindSpots: readonly string[] = [
  'what it wrote: files, caches, artefacts and logs may hold anything, and whoever reads or runs them later is outside of this run',
  'what was said inside TLS, and what the destinations that it reached did with it',
  'standard input, output and error, which are passed on as they are',
];

const mostShown = 40;

/** What a run came to, for people: what was reached, what was refused and why, and what cannot be seen. */
export function runText({ start, report }: RunOutcome): string {
  const { answer, isOwn } = start;
  const whose = isOwn
    ? 'a point of its own, whose records end with it'
    : `the running product${answer.network === null ? '' : ' and its gateway'}, which keeps the records`;
  const head = `exeat run: as \`${answer.service}\` (${answer.mode}), by ${whose}\n`;
  if (report === null) return `${head}The point was gone before it told what was reached: see its records.\n`;
  const reached = report.reached.filter(({ wouldDeny }) => wouldDeny === null);
  const observed = report.reached.filter(({ wouldDeny }) => wouldDeny !== null);
  return escapeLines([
    head,
    section(
      'Reached',
      reached.map((one) => ({
        destination: toOf(one),
        connections: one.connections,
        failed: one.failures,
        up: sizeText(one.bytesUp),
        down: sizeText(one.bytesDown),
      })),
      ['destination', 'connections', 'failed', 'up', 'down'],
    ),
    section(
      'Reached, and refused once the service enforces',
      observed.map((one) => ({ destination: toOf(one), connections: one.connections, reason: one.wouldDeny })),
      ['destination', 'connections', 'reason'],
    ),
    section(
      'Denied',
      report.denied.map((one) => ({
        destination: destinationText(one),
        times: one.count,
        reason: one.reason,
        'what to do': reasons[one.reason].mend,
      })),
      ['destination', 'times', 'reason', 'what to do'],
    ),
    report.untold === 0 ? '' : `${countText(report.untold, 'more destination')}: see the records\n`,
    'Not seen:\n',
    ...blindSpots.map((line) => `  - ${line}\n`),
  ]);
}

function section(title: string, rows: readonly Record<string, unknown>[], columns: readonly string[]): string {
  if (rows.length === 0) return title.includes(',') ? '' : `${title}: nothing\n`;
  const more = rows.length > mostShown ? `  and ${rows.length - mostShown} more, see \`--report\`\n` : '';
  const table = formatTable(columns, rows.slice(0, mostShown));
  return `${title}:\n${table.replace(/^/gm, '  ').replace(/ {2}$/, '')}${more}`;
}

function destinationText({
  host,
  port,
  protocol,
}: {
  host: string | null;
  port: number | null;
  protocol: string | null;
}): string {
  if (host === null) return '-';
  return port === null ? `${host} (a question of DNS)` : toOf({ host, port, protocol: protocol ?? 'tls' });
}

// Names come from the command: none of them may move the cursor of whoever reads this.
function escapeLines(parts: readonly string[]): string {
  return parts.join('').split('\n').map(escapeControls).join('\n');
}
