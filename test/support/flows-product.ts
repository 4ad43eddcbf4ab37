import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { FlowMap, SourceEntry } from '../../src/flowmap/index.ts';
import type { CommandEnd } from './product.ts';

const cliPath = fileURLToPath(new URL('../../src/cli/exeat.ts', import.meta.url));

/** Root without the powers to pass over permissions. */
const asAnybody = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'];

/** What a command is run with. */
export interface FlowsRun {
  /** Standard input: bytes, or pieces that are made as they are read. Default: closed at once. */
  readonly stdin?: string | Buffer | Iterable<Buffer>;
  /** Variables beside the ones of this process. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether root must heed permissions like anybody (setpriv(1), Linux). Default: false. */
  readonly heedsPermissions?: boolean;
}

/** How a command ended, and the most memory that any of its processes held. */
export interface FlowsEnd extends CommandEnd {
  readonly peakRssBytes: number;
}

/** A folder with a configuration and an empty policy, on which `exeat flows` is run. */
export interface FlowsProduct {
  readonly folder: string;
  readonly lake: string;
  /** Writes a file of the folder and gives its path. */
  write(name: string, content: string | Buffer): string;
  flows(args: readonly string[], run?: FlowsRun): Promise<FlowsEnd>;
  /** Starts a command that the test ends or feeds itself. */
  start(args: readonly string[]): ChildProcessWithoutNullStreams;
  map(): Promise<FlowMap>;
  remove(): void;
}

/** Makes the folder. `state` may lie elsewhere. */
export function createFlowsProduct(options: { readonly state?: string } = {}): FlowsProduct {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-flows-'));
  const state = options.state ?? './.exeat';
  mkdirSync(join(folder, 'policy'));
  writeFileSync(join(folder, 'exeat.yaml'), `policy: ./policy\nstate: ${state}\n`);
  const running = new Set<ChildProcessWithoutNullStreams>();
  const start = (
    args: readonly string[],
    { env = {}, heedsPermissions = false }: FlowsRun = {},
  ): ChildProcessWithoutNullStreams => {
    const words = [process.execPath, cliPath, 'flows', ...args, '--config', join(folder, 'exeat.yaml')];
    const [program = '', ...rest] = heedsPermissions && process.getuid?.() === 0 ? [...asAnybody, ...words] : words;
    const child = spawn(program, rest, {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', TZ: 'UTC', ...env },
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  };
  const flows = (args: readonly string[], run: FlowsRun = {}): Promise<FlowsEnd> => endOf(start(args, run), run.stdin);
  return {
    folder,
    lake: options.state === undefined ? join(folder, '.exeat', 'lake') : join(options.state, 'lake'),
    write: (name, content) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    flows,
    start,
    map: async () => {
      const { code, stdout, stderr } = await flows(['map', '-o', 'json']);
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as FlowMap;
    },
    remove: () => {
      // A test that failed in the middle must not leave a command waiting for its input.
      for (const child of running) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Feeds a command and waits for its end. */
export async function endOf(child: ChildProcessWithoutNullStreams, stdin: FlowsRun['stdin'] = ''): Promise<FlowsEnd> {
  const [out, error]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => error.push(part));
  // A command that refuses its input closes the pipe: that is no failure of the test.
  child.stdin.on('error', () => undefined);
  let peakRssBytes = 0;
  const watch = setInterval(() => {
    peakRssBytes = Math.max(peakRssBytes, peakOf(child.pid ?? 0));
  }, 50);
  const source = typeof stdin === 'string' || Buffer.isBuffer(stdin) ? [Buffer.from(stdin)] : stdin;
  Readable.from(source, { objectMode: false }).pipe(child.stdin);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(watch);
  return {
    code,
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(error).toString(),
    peakRssBytes,
  };
}

/** What one file came to, as `exeat flows ingest -o json` tells it. */
export interface IngestedRow {
  readonly path: string;
  readonly outcome: string;
  readonly fault?: { readonly code: string; readonly message: string };
  readonly entry?: Omit<SourceEntry, 'id'>;
}

/** Ingests, and gives what each file came to. */
export async function ingestInto(
  product: FlowsProduct,
  args: readonly string[],
  run: FlowsRun = {},
): Promise<FlowsEnd & { readonly files: readonly IngestedRow[] }> {
  const end = await product.flows(['ingest', ...args, '-o', 'json'], run);
  const files = end.stdout === '' ? [] : (JSON.parse(end.stdout) as { files: readonly IngestedRow[] }).files;
  return { ...end, files };
}

/** Connections of all edges of the map. */
export async function countConnections(product: FlowsProduct): Promise<number> {
  return (await product.map()).edges.reduce((sum, { edge }) => sum + edge.connections, 0);
}

/** Processes that another one started (Linux); none where that cannot be told. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** The most memory that a process or one of its children ever held (`VmHWM`, proc_pid_status(5)). */
function peakOf(pid: number): number {
  const peaks = [pid, ...childrenOf(pid)].map((one) => {
    try {
      return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  });
  return Math.max(...peaks);
}

const dayMs = 86_400_000;
/** When the logs of stories begin: ten o'clock (UTC) eight days ago, since the product refuses what its own clock calls the future. */
export const storyStartMs: number = Math.floor(Date.now() / dayMs - 8) * dayMs + 10 * 3_600_000;

/** One line of Squid's native log: a tunnel to a name on port 443, so many seconds after the start. */
export function squidLine(second: number, name: string, client = '10.0.0.5', bytes = 500): string {
  return `${storyStartMs / 1000 + second}.000     12 ${client} TCP_TUNNEL/200 ${bytes} CONNECT ${name}:443 - HIER_DIRECT/203.0.113.10 -`;
}

/** Lines of Squid's log, one second apart, names in turn. */
export function squidLog(lines: number, names: readonly string[] = ['api.example', 'bank.example']): string {
  return Array.from({ length: lines }, (_, i) => `${squidLine(i, names[i % names.length] ?? '')}\n`).join('');
}

/** One line of Smokescreen, whose roles are any text that a client certificate says. */
export function smokescreenLine(role: string, host = 'api.example:443'): string {
  return JSON.stringify({
    allow: true,
    decision_reason: 'rule',
    requested_host: host,
    inbound_remote_addr: '10.0.0.5:40000',
    role,
    proxy_type: 'connect',
    msg: 'CANONICAL-PROXY-DECISION',
    level: 'info',
    time: new Date(storyStartMs).toISOString(),
  });
}
