import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { ProposedFile } from '../flowmap/index.ts';

/** Where proposals go. `force` overwrites what is there, whoever wrote it. */
export interface WriteProposalOptions {
  readonly dir: string;
  readonly force: boolean;
}

const mark = '# exeat flows propose, untouched: sha256:';

/**
 * Writes proposed files into a folder; gives their paths. A file that is there is overwritten only when it is a proposal that nobody
 * touched since: all are looked at before any is written. Faults: `proposal_exists`, `proposal_unwritable`.
 */
export function writeProposal(
  files: readonly ProposedFile[],
  { dir, force }: WriteProposalOptions,
): Result<readonly string[]> {
  const root = resolve(dir);
  const placed = files.map(({ path, text }) => ({ path: join(root, path), text: withoutMark(text) }));
  try {
    for (const { path } of placed) {
      if (!path.startsWith(`${root}${sep}`))
        return failed(fault('proposal_unwritable', `\`${path}\` is outside \`${dir}\``));
      if (force || !existsSync(path) || isUntouched(readFileSync(path, 'utf8'))) continue;
      const message = `\`${path}\` is there and was written or changed by somebody: name another folder, or overwrite it with --force`;
      return failed(fault('proposal_exists', message));
    }
    for (const { path, text } of placed) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${mark}${digestOf(text)}\n${text}`);
    }
    return ok(placed.map(({ path }) => path));
  } catch (error) {
    const { code, message, path } = error as NodeJS.ErrnoException;
    return failed(fault('proposal_unwritable', `\`${path ?? dir}\` cannot be written (${code ?? message})`));
  }
}

/** A text without the mark of a proposal: a file that was extended or shrunk is another one. */
export function withoutMark(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith(mark))
    .join('\n');
}

// The mark holds the digest of what follows it: a reason that somebody filled in is never lost to the next proposal.
function isUntouched(text: string): boolean {
  const end = text.indexOf('\n');
  return text.startsWith(mark) && text.slice(mark.length, end) === digestOf(text.slice(end + 1));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
