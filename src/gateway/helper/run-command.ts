import { spawn } from 'node:child_process';

/** What a command came to. `code` is null when it could not be started (`failure` says why) or was ended by its deadline. */
export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The code of Node (`ENOENT`), `deadline`, `too_long`, or null. */
  readonly failure: string | null;
}

/** A command to run. */
export interface CommandOptions {
  /** Default: nothing is written. */
  readonly input?: string;
  /** Past it the command is killed. Default 20,000. */
  readonly timeoutMs?: number;
  /** Told the number of the process once it is there. Default: nobody is told. */
  readonly onStart?: (pid: number) => void;
}

const defaultTimeoutMs = 20_000;
// 65,536 counted edges of a set come to about 20 MB.
const maxOutputBytes = 128 * 1024 * 1024;

/** The environment of the commands: system folders are looked in last, and no history or locale of a user matters. */
export function commandEnvironment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: 'C', HOME: '/nonexistent' };
}

/** Runs a program without a shell and gives what it printed, whatever it came to. Never rejects. */
export function runCommand(
  program: string,
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { env: commandEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
    if (child.pid !== undefined) options.onStart?.(child.pid);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    let failure: string | null = null;
    const stop = (reason: string): void => {
      failure = reason;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => stop('deadline'), options.timeoutMs ?? defaultTimeoutMs);
    const end = (code: number | null): void => {
      clearTimeout(timer);
      const [stdout, stderr] = [out, err].map((parts) => Buffer.concat(parts).toString('utf8'));
      resolve({ code: failure === null ? code : null, stdout: stdout ?? '', stderr: stderr ?? '', failure });
    };
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutputBytes) stop('too_long');
      else into.push(chunk);
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      failure ??= error.code ?? error.message;
      if (child.pid === undefined) end(null);
    });
    child.on('close', end);
    child.stdout.on('data', collect(out));
    child.stderr.on('data', collect(err));
    // A command that ends before it read everything closes the pipe: its exit code tells.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
