import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure, median } from './harness.ts';
import { writeSquidLog, writeVpcLog } from './ingest-logs.ts';
import { duckdbRate, goaccessRate, type PeerRate, splitRate } from './ingest-peers.ts';
import { memoryBytes } from './process-cost.ts';

/** How much to read; the guard test reads little. */
export interface IngestSizes {
  readonly squidBytes: number;
  readonly vpcBytes: number;
  readonly rounds: number;
}

export const bench: Bench = defineBench('ingest', 'lines a second from log files to Parquet, and memory', (context) =>
  measureIngest(context, { squidBytes: 1_000_000_000, vpcBytes: 5_000_000_000, rounds: 3 }),
);

const entry = join(import.meta.dirname, '../src/cli/exeat.ts');

/** Ingests generated logs with the product as a user starts it, process start and all, beside the peers on the same files. */
export async function measureIngest({ note }: BenchContext, sizes: IngestSizes): Promise<readonly BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-bench-'));
  try {
    const squid = { path: join(folder, 'squid.log'), lines: 0 };
    squid.lines = writeSquidLog(squid.path, sizes.squidBytes);
    const vpc = { path: join(folder, 'vpc.log'), lines: 0 };
    vpc.lines = writeVpcLog(vpc.path, sizes.vpcBytes);
    note(`${squid.lines} lines of Squid native, ${vpc.lines} rows of VPC flow logs; ours with process start`);
    const ours = { squid: [] as Ingested[], vpc: [] as Ingested[] };
    const peers = { split: [] as PeerRate[], goaccess: [] as PeerRate[], duckdb: [] as PeerRate[] };
    for (let round = 0; round < sizes.rounds; round++) {
      ours.squid.push(await ingest(folder, squid.path, squid.lines));
      peers.split.push(splitRate(squid.path, squid.lines));
      peers.goaccess.push(goaccessRate(squid.path, squid.lines));
      ours.vpc.push(await ingest(folder, vpc.path, vpc.lines));
      peers.duckdb.push(await duckdbRate(vpc.path, vpc.lines));
    }
    return [
      ...rateRows('lines a second, Squid native', ours.squid, 800_000, [
        ['split and count in JavaScript', peers.split],
        ['goaccess', peers.goaccess],
      ]),
      ...rateRows('rows a second, VPC flow logs', ours.vpc, 2_000_000, [
        ['read_csv and group by of DuckDB', peers.duckdb],
      ]),
      figure({
        bench: 'ingest',
        figure: `peak memory, ${(sizes.vpcBytes / 1e9).toFixed(1)} GB of flow logs`,
        value: Math.max(...ours.vpc.map((run) => run.peakBytes)) / 1_000_000,
        unit: 'MB',
        atMost: 600,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rateRows(
  name: string,
  ours: readonly Ingested[],
  atLeast: number,
  peers: readonly (readonly [string, readonly PeerRate[]])[],
): readonly BenchResult[] {
  const toParquet = median(ours.map((run) => run.rate));
  const toMap = median(ours.map((run) => run.mappedRate));
  return [
    ...peers.map(([peer, rates]) => {
      const known = rates.filter((rate) => rate !== null);
      const beside = known.length === 0 ? {} : { peer: { name: peer, value: median(known) } };
      return figure({ bench: 'ingest', figure: name, value: toParquet, unit: '/s', atLeast, ...beside });
    }),
    figure({
      bench: 'ingest',
      figure: `${name}, with a second command that joins and prints the map`,
      value: toMap,
      unit: '/s',
    }),
  ];
}

/** One run of the product over one file. */
interface Ingested {
  /** Lines a second until the Parquet files are written. */
  readonly rate: number;
  /** Lines a second until the map is printed, the join of every day included. */
  readonly mappedRate: number;
  readonly peakBytes: number;
}

/** Looking at the memory of a process costs it time. */
const sampleEveryMs = 500;

async function ingest(folder: string, path: string, lines: number): Promise<Ingested> {
  const config = join(folder, 'exeat.yaml');
  const state = join(folder, 'state');
  await writeFile(config, `policy: ./none\nstate: ${state}\n`);
  const toParquet = await runFlows(['ingest', path, '--config', config, '-o', 'json']);
  const toMap = await runFlows(['map', '--config', config, '-o', 'json']);
  await rm(state, { recursive: true, force: true });
  return {
    rate: lines / toParquet.seconds,
    mappedRate: lines / (toParquet.seconds + toMap.seconds),
    peakBytes: Math.max(toParquet.peakBytes, toMap.peakBytes),
  };
}

/** Runs `exeat flows …` as a user does and looks at its clock and its memory. */
async function runFlows(args: readonly string[]): Promise<{ readonly seconds: number; readonly peakBytes: number }> {
  const started = performance.now();
  const child = spawn(process.execPath, [entry, 'flows', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let peakBytes = 0;
  const sampling = setInterval(() => {
    if (child.pid !== undefined) peakBytes = Math.max(peakBytes, memoryBytes(child.pid));
  }, sampleEveryMs);
  child.stdout.resume();
  const [code] = (await once(child, 'exit')) as [number];
  clearInterval(sampling);
  if (code !== 0) throw new Error(`flows ${args[0]} ended with ${code}`);
  return { seconds: (performance.now() - started) / 1000, peakBytes };
}
