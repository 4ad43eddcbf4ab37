import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { type Architecture, launcherScript, seccompProgram } from '../../sandbox/index.ts';
import { onLines } from '../../transport/index.ts';
import type { RunNetworkAnswer } from '../point/run-networks.ts';

/** How a command ended. `code`: its own, 128 and the number where a signal ended it. `setup`: it was never started. */
export type RunEnding =
  | { readonly kind: 'ended'; readonly code: number }
  | { readonly kind: 'setup' }
  | { readonly kind: 'lost' };

/** What to launch. */
export interface LaunchOptions {
  readonly perl: string;
  readonly doorPath: string;
  readonly request: string;
  /** Those that are read by name. */
  readonly ports: readonly number[];
  readonly env: NodeJS.ProcessEnv;
}

/** A launcher at work. */
export interface Launcher {
  /** The line of the door, once the namespace and its sockets are there. Faults: `run_refused` and those of the namespace. */
  readonly admitted: Promise<Result<unknown>>;
  /** Starts the sandbox: the program, its words, and the link that its network leads out by, if any. */
  start(program: string, words: readonly string[], network: RunNetworkAnswer | null): void;
  /** Passes a signal on to everything that the command started. */
  signal(number: number): void;
  /** Settles when all is over: how, and the last line of the door. */
  readonly ended: Promise<{ readonly ending: RunEnding; readonly report: unknown }>;
  /** Ends all of it now. */
  kill(): void;
}

// The report has at most two thousand destinations.
const maxLineBytes = 1024 * 1024;

/** Starts the launcher: our streams are those of the command. */
export function launch({ perl, doorPath, request, ports, env }: LaunchOptions): Launcher {
  const child = spawn(perl, ['-e', launcherScript, '--', doorPath, request, ports.join(',')], {
    env: { ...withoutPerl(env), EXEAT_RUN_PARENT: String(process.pid) },
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const channel = child.stdio[3] as Socket;
  channel.on('error', () => undefined);
  const admitted = Promise.withResolvers<Result<unknown>>();
  let ending: RunEnding = { kind: 'lost' };
  let report: unknown = null;
  onLines(channel, maxLineBytes, (line) => {
    const [kind, ...rest] = line.split(' ');
    const said = rest.join(' ');
    if (kind === 'answer') admitted.resolve(readAnswer(said));
    if (kind === 'failed') admitted.resolve(failed(launchFault(rest[0] ?? '', rest.slice(1).join(' '))));
    if (kind === 'ended') ending = readEnding(rest);
    if (kind === 'report') report = readJson(said);
  });
  return {
    admitted: admitted.promise,
    start: (program, words, network) => void channel.write(startBytes(program, words, network)),
    signal: (number) => void channel.write(`signal ${number}\n`),
    ended: new Promise((resolve) => {
      onGone(child, (cause) => {
        admitted.resolve(failed(fault('run_failed', `the launcher ended (${cause})`)));
        resolve({ ending, report });
      });
    }),
    kill: () => void child.kill('SIGKILL'),
  };
}

// What it said last is read before its end counts.
function onGone(child: ChildProcess, gone: (cause: string) => void): void {
  child.on('error', (error) => {
    if (child.pid === undefined) gone(error.message);
  });
  child.on('close', (code, signal) => gone(String(signal ?? code)));
}

// Settings of the language are for the command, if for anybody.
function withoutPerl(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PERL')));
}

function startBytes(program: string, words: readonly string[], network: RunNetworkAnswer | null): Uint8Array {
  const filter = seccompProgram(process.arch as Architecture);
  const text = Buffer.from([program, ...words].join('\0'), 'utf8');
  const link = network === null ? '' : ` ${linkWords(network)}`;
  const body = Buffer.concat([Buffer.from(`${filter.length}${link}\n`), filter, text]);
  return Buffer.concat([Buffer.from(`run ${body.length}\n`), body]);
}

function linkWords({ device, mac, addresses }: RunNetworkAnswer): string {
  return [device, mac, ...addresses.flatMap(({ address, gateway }) => [address, gateway])].join(',');
}

function readAnswer(line: string): Result<unknown> {
  const answer = readJson(line) as { ok?: boolean; message?: string } | null;
  if (answer?.ok === true) return ok(answer);
  return failed(fault('run_refused', answer?.message ?? 'the answer cannot be read, are both sides of one version?'));
}

function readEnding([kind, number]: readonly string[]): RunEnding {
  if (kind === 'code') return { kind: 'ended', code: Number(number) };
  if (kind === 'signal') return { kind: 'ended', code: 128 + Number(number) };
  return { kind: 'setup' };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function launchFault(stage: string, said: string): ReturnType<typeof fault> {
  const row = stages.find(({ pattern }) => pattern.test(stage));
  return fault(
    'run_failed',
    `${row?.says ?? `it failed at \`${stage}\``} (${said})${row === undefined ? '' : `: ${row.mend}`}`,
  );
}

/** What the stages of the launcher mean, and what to do. */
const stages: readonly { readonly pattern: RegExp; readonly says: string; readonly mend: string }[] = [
  {
    pattern: /^(?:unshare|\/proc\/self\/|loopback)/,
    says: 'this machine lets nobody make a namespace',
    mend: 'allow user namespaces: `sysctl kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, `kernel.unprivileged_userns_clone=1` on old Debian, `--security-opt seccomp=unconfined` or `--privileged` for a container',
  },
  {
    pattern: /^door/,
    says: 'the running product cannot be asked',
    mend: 'may this user reach its socket? See `run.socket`',
  },
];
