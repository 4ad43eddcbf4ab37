import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli/index.ts';

/** What a run printed by itself (not its command), and how it ended. */
export interface RunEnd {
  readonly code: number | null;
  readonly said: string;
}

/** A folder for what commands of a test write: everybody may, and a run shows what is in `/tmp` before it. */
export interface RunBed {
  readonly folder: string;
  /** Runs a shell script, or a command, by `exeat run` in this process. `$OUT` is where it may write. */
  run(words: readonly string[], script: string | readonly string[]): Promise<RunEnd>;
  /** What commands wrote into a file, without the last line feed. */
  written(name: string): string;
  close(): void;
}

/** Makes the folder. */
export async function openRunBed(): Promise<RunBed> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bed-'));
  await chmod(folder, 0o777);
  return {
    folder,
    run: async (words, script) => {
      const file = join(folder, 'script.sh');
      const command = typeof script === 'string' ? ['sh', file] : script;
      if (typeof script === 'string') await writeFile(file, script);
      process.env['OUT'] = folder;
      let said = '';
      const io = {
        env: process.env,
        now: Date.now,
        writeOut: () => undefined,
        writeError: (text: string) => {
          said += text;
        },
      };
      const code = await runCli(['run', ...words, '--', ...command], io);
      return { code, said };
    },
    written: (name) => readFileSync(join(folder, name), 'utf8').trimEnd(),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The command itself. */
export const cliPath: string = fileURLToPath(new URL('../../src/cli/exeat.ts', import.meta.url));

/** A user and groups that no machine has a name for. */
export const stranger = { uid: 61_234, gid: 61_235, group: 61_236 } as const;

/** Starts `exeat run` as a process of its own, of a user without rights. `inherited` is a descriptor of ours that it gets as 5. */
export function spawnRun(
  words: readonly string[],
  options: { readonly cwd: string; readonly inherited?: number },
): {
  readonly pid: number;
  readonly end: Promise<RunEnd & { readonly out: string }>;
  kill(signal: NodeJS.Signals): void;
} {
  const user = ['--reuid', String(stranger.uid), '--regid', String(stranger.gid), '--groups', String(stranger.group)];
  const child = spawn('setpriv', [...user, '--', process.execPath, cliPath, 'run', ...words], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: options.cwd, SSH_AUTH_SOCK: '/tmp/agent', TMPDIR: options.cwd },
    // The fourth and fifth of a caller, and what it forgot to close.
    stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', options.inherited ?? 'ignore'],
  });
  let [out, said] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  return {
    pid: child.pid ?? 0,
    end: once(child, 'close').then(([code, signal]) => ({
      code: signal === null ? (code as number) : null,
      said,
      out,
    })),
    kill: (signal) => void child.kill(signal),
  };
}
