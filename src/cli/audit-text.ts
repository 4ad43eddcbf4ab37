import type { VerifyFolderOptions } from '../app/index.ts';
import type { LogVerdict } from '../audit/index.ts';
import { escapeControls } from '../base/index.ts';
import { formatTable } from './table.ts';
import { countText } from './wording.ts';

/** A verdict for people: what was looked at, what it rests on, what was found. */
export function auditText(options: VerifyFolderOptions, verdict: LogVerdict): string {
  const lines = [
    ...headLines(options, verdict),
    keyLine(options, verdict),
    ...anchorLines(options, verdict),
    ...spoolLines(verdict),
    ...pastLines(verdict),
    resultLine(verdict),
  ];
  const text = lines.map((line) => `${escapeControls(line)}\n`).join('');
  const rows = verdict.findings.map(({ kind, file, says }) => ({ finding: kind, file, why: says }));
  return rows.length === 0 ? text : `${text}\n${formatTable(['finding', 'file', 'why'], rows)}`;
}

function headLines({ dir }: VerifyFolderOptions, { kind, origin, size, first, last }: LogVerdict): readonly string[] {
  const what = kind === 'log' ? 'audit log' : 'evidence from the audit log';
  const covered =
    size === null ? 'no checkpoint that can be read' : `a checkpoint over ${countText(size, 'entry', 'entries')}`;
  const read =
    first === null || last === null ? [] : [`entries ${first.seq} to ${last.seq}, ${first.time} to ${last.time}`];
  return [`${what} ${origin ?? 'of unknown name'} in ${dir}: ${covered}`, ...read];
}

function keyLine({ keyFile }: VerifyFolderOptions, { kind }: LogVerdict): string {
  if (keyFile !== null) return `key: ${keyFile}`;
  const who = kind === 'log' ? 'rewrites the log' : 'forges a pack';
  return `key: log.pub of the folder itself, which whoever ${who} can replace; give one kept elsewhere with --key`;
}

function anchorLines({ older, checkpointFiles }: VerifyFolderOptions, verdict: LogVerdict): readonly string[] {
  const { anchored, size, unanchoredSince } = verdict;
  const isCompared = older.length + checkpointFiles.length > 0;
  const held =
    anchored === 0
      ? []
      : [`anchored: the first ${countText(anchored, 'entry', 'entries')}, by a checkpoint kept elsewhere`];
  if (unanchoredSince === null)
    return size === 0 ? [...held, 'unanchored since the beginning: there are no entries'] : held;
  const mend = isCompared ? '' : '; give older checkpoints with --checkpoint';
  return [
    ...held,
    `unanchored since ${unanchoredSince}: from there on nothing here tells whether entries were cut off or rewritten with the key${mend}`,
  ];
}

function spoolLines({ spool }: LogVerdict): readonly string[] {
  if (spool === null) return [];
  const { intact, gone, unsealed, open } = spool;
  const sealed = `record files: ${intact} sealed and unchanged, ${gone} no longer there`;
  const waiting =
    unsealed.length === 0
      ? []
      : [`not sealed yet: ${unsealed.slice(0, 10).join(', ')}${unsealed.length > 10 ? ', …' : ''}`];
  return [sealed, ...waiting, ...(open === null ? [] : [`open, and not sealed: ${open}`])];
}

function pastLines({ pastCheckpoint }: LogVerdict): readonly string[] {
  if (pastCheckpoint === 0) return [];
  return [
    `past the checkpoint: ${countText(pastCheckpoint, 'file')} of a write under way, which no signature covers yet`,
  ];
}

function resultLine({ findingCount, findings }: LogVerdict): string {
  if (findingCount === 0) return 'nothing was altered, removed or reordered';
  const more = findingCount > findings.length ? `, of which the first ${findings.length} follow` : '';
  return `${countText(findingCount, 'finding')}${more}`;
}
