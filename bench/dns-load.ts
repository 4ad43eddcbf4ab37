import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What one run of dnsperf came to. `p99Ms` is null where single latencies were not asked for. */
export interface DnsLoad {
  readonly sent: number;
  readonly completed: number;
  readonly noError: number;
  readonly perSecond: number;
  readonly p99Ms: number | null;
}

/** How a load is sent: for some seconds as fast as it is answered, at a rate, or once through all names. */
export interface DnsLoadOrder {
  readonly port: number;
  /** Default: until the names are through once. */
  readonly seconds?: number;
  /** Queries a second. Default: as many as are answered. */
  readonly atMostPerSecond?: number;
  /** Whether the latency of every query is kept. Default: no, since writing them costs the load generator time. */
  readonly hasLatencies?: boolean;
}

/** The load generator with its file of names. */
export interface DnsLoadGenerator {
  run(order: DnsLoadOrder): Promise<DnsLoad>;
  close(): Promise<void>;
}

// What a local program may take beyond the time it was given, before it is ended.
const graceMs = 30_000;

/** Lays the names ready for dnsperf (Debian package `dnsperf`); `lines` are as `api.example.com A`. */
export async function createDnsLoadGenerator(lines: string): Promise<DnsLoadGenerator> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-dnsperf-'));
  const names = join(folder, 'names');
  await writeFile(names, lines);
  return {
    run: async (order) => readReport(await runDnsperf(words(order, names), join(folder, 'said'), order.seconds ?? 60)),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function words(order: DnsLoadOrder, names: string): readonly string[] {
  return [
    ...['-s', '127.0.0.1', '-p', String(order.port), '-d', names],
    ...(order.seconds === undefined ? ['-n', '1'] : ['-l', String(order.seconds)]),
    ...(order.atMostPerSecond === undefined ? [] : ['-Q', String(order.atMostPerSecond)]),
    // The version in Debian 12 has no histogram; it can print every query with its latency.
    ...(order.hasLatencies === true ? ['-v'] : []),
  ];
}

/** Output goes to a file: reading a pipe would take time of the two cores that are measured. */
async function runDnsperf(args: readonly string[], path: string, seconds: number): Promise<string> {
  const output = await open(path, 'w');
  try {
    const child = spawn('dnsperf', args, { stdio: ['ignore', output.fd, 'inherit'] });
    const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + graceMs);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(late);
    if (code !== 0) throw new Error(`dnsperf ended with ${code}`);
  } finally {
    await output.close();
  }
  return readFile(path, 'utf8');
}

/** Reads what dnsperf prints at its end, and the line of each query where there are such. */
export function readReport(text: string): DnsLoad {
  const numberAfter = (label: RegExp): number => Number(label.exec(text)?.[1] ?? Number.NaN);
  const sent = numberAfter(/Queries sent:\s+(\d+)/);
  const completed = numberAfter(/Queries completed:\s+(\d+)/);
  const perSecond = numberAfter(/Queries per second:\s+([\d.]+)/);
  if (Number.isNaN(sent + completed + perSecond)) throw new Error(`dnsperf printed no statistics: ${text.slice(-500)}`);
  const noError = /NOERROR (\d+)/.exec(text.slice(text.lastIndexOf('Statistics:')))?.[1] ?? '0';
  return { sent, completed, noError: Number(noError), perSecond, p99Ms: p99Of(text, sent - completed) };
}

/** A query that was lost counts as slower than any other. */
function p99Of(text: string, lost: number): number | null {
  const seconds = [...text.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map((match) => Number(match[1]));
  if (seconds.length === 0) return null;
  const all = [...Float64Array.from(seconds).sort(), ...Array.from({ length: lost }, () => Number.POSITIVE_INFINITY)];
  return (all[Math.ceil(all.length * 0.99) - 1] ?? Number.NaN) * 1000;
}
