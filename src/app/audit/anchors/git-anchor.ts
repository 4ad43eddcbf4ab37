import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type Anchor, gitAnchorFile } from './anchor.ts';
import { appendNote } from './append-note.ts';

/**
 * Appends each checkpoint to `exeat-checkpoints.txt` in a folder of an existing work tree and commits that file, and nothing else. Pushing is
 * the operator's: with keys that Exeat does not have.
 */
export function createGitAnchor(folder: string): Anchor {
  return {
    name: `git ${folder}`,
    send: async (note, signal) => {
      // Asked first, so that nothing is written into a folder that is no work tree.
      await runGit(folder, ['rev-parse', '--is-inside-work-tree'], signal);
      await appendNote(join(folder, gitAnchorFile), note);
      await runGit(folder, ['add', '--', gitAnchorFile], signal);
      const changed = await runGit(folder, ['status', '--porcelain', '--', gitAnchorFile], signal);
      if (changed.trim() === '') return;
      await runGit(folder, ['commit', '--quiet', '--no-verify', '-m', subjectOf(note), '--', gitAnchorFile], signal);
    },
  };
}

function subjectOf(note: string): string {
  const [origin = '', size = ''] = note.split('\n');
  return `checkpoint of ${origin} at ${size}`;
}

/** What a commit of ours must not depend on, and must not start: hooks, signing, a clean-up in the background. */
const settings: readonly string[] = [
  'core.hooksPath=/dev/null',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'user.name=exeat',
  'user.email=exeat@localhost',
];
const maxGitOutputBytes = 64 * 1024;

function runGit(folder: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const all = ['-C', folder, ...settings.flatMap((one) => ['-c', one]), ...args];
  return new Promise((resolve, reject) => {
    const options = { signal, env: gitEnvironment(), maxBuffer: maxGitOutputBytes };
    execFile('git', all, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new TypeError(`git ${args[0]}: ${stderr.trim().split('\n').at(-1) || error.message}`));
    });
  });
}

// Variables such as GIT_DIR would send the commit elsewhere.
function gitEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return { ...Object.fromEntries(kept), GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
}
