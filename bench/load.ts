import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What one call of the load generator came to. */
export interface LoadResult {
  readonly done: number;
  readonly broken: number;
  readonly established: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a load is sent at: the proxy's port, the name that it resolves to loopback, and the proof it wants, as a header value. */
export interface LoadTarget {
  readonly port: number;
  readonly host: string;
  readonly proof: string | null;
  /** It passes TCP on and is asked for nothing. Default: false, it is asked with CONNECT. */
  readonly isBlind?: boolean;
}

/** The compiled generator with its origin running; `close` ends the origin and removes what was made. */
export interface LoadGenerator {
  readonly originPort: number;
  rate(target: LoadTarget, concurrency: number, seconds: number): Promise<LoadResult>;
  bulk(target: LoadTarget, tunnels: number, bytes: number): Promise<LoadResult>;
  /** Opens tunnels and holds them; the promise is of the moment when all stand, `release` ends them. */
  idle(target: LoadTarget, tunnels: number): Promise<{ readonly release: () => Promise<void> }>;
  close(): Promise<void>;
}

/** Compiles `lg.c` with the machine's C compiler and starts its origin on a free loopback port. */
export async function createLoadGenerator(): Promise<LoadGenerator> {
  const { folder, program } = await compileLoadProgram();
  const originPort = await freePort();
  const origin = spawn(program, ['origin', String(originPort)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await firstLine(origin);
  const words = (kind: string, target: LoadTarget, concurrency: number, amount: number): readonly string[] =>
    [kind, target.port, target.host, originPort, concurrency, amount].map(String);
  const finish = async (target: LoadTarget, list: readonly string[]): Promise<LoadResult> => {
    const { stdout } = await run(program, list, { env: environment(target), maxBuffer: 1 << 20 });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  };
  return {
    originPort,
    rate: (target, concurrency, seconds) => finish(target, words('rate', target, concurrency, seconds)),
    bulk: (target, tunnels, bytes) => finish(target, words('bulk', target, tunnels, bytes)),
    idle: async (target, tunnels) => {
      const holder = spawn(program, words('idle', target, tunnels, 300), {
        env: environment(target),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await firstLine(holder);
      return { release: () => end(holder) };
    },
    close: async () => {
      await end(origin);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Compiles `lg.c` with the machine's C compiler; whoever asked removes the folder. */
export async function compileLoadProgram(): Promise<{ readonly folder: string; readonly program: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-bench-'));
  const program = join(folder, 'lg');
  await run('cc', ['-O2', '-o', program, join(import.meta.dirname, 'lg.c')]);
  return { folder, program };
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Ends a process that this bench started, by its own id, and waits for its end. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(timer);
}

function environment(target: LoadTarget): NodeJS.ProcessEnv {
  if (target.isBlind === true) return { DIRECT: '1' };
  return target.proof === null ? {} : { PROXYAUTH: target.proof };
}

async function firstLine(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new TypeError('"stdout" must be a pipe');
  const lines = createInterface(child.stdout);
  await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('lg ended early'))),
  ]);
}
