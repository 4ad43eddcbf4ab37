import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure, median } from './harness.ts';
import { memoryBytes } from './process-cost.ts';
import { type HistorySize, writeHistory, writeReplayPolicy } from './replay-lake.ts';

/** What is measured; the guard test measures little. */
export interface ReplaySizes extends HistorySize {
  readonly rounds: number;
}

export const bench: Bench = defineBench('replay', 'time to judge a history of ten million edge-days', (context) =>
  measureReplay(context, { services: 1000, edgesPerService: 334, days: 30, rounds: 3 }),
);

const program = join(import.meta.dirname, '../src/cli/exeat.ts');

/** Replays a generated history by a policy of as many services, with the product as a user starts it. */
export async function measureReplay({ note }: BenchContext, sizes: ReplaySizes): Promise<readonly BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-bench-'));
  try {
    const lake = join(folder, 'state', 'lake');
    const edgeDays = await writeHistory(lake, sizes);
    const allowed = writeReplayPolicy(join(folder, 'policy'), sizes) * sizes.services;
    await writeFile(join(folder, 'exeat.yaml'), 'policy: ./none\nstate: ./state\n');
    note(`${edgeDays} edge-days of ${sizes.services} services; process start, policy and report are in it`);
    const [ours, peers, memory]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < sizes.rounds; round++) {
      const { seconds, peakBytes, allowedEdges } = await replay(folder);
      if (allowedEdges !== allowed) throw new Error(`${allowedEdges} edges were allowed and not ${allowed}`);
      ours.push(seconds);
      memory.push(peakBytes);
      peers.push(await groupSeconds(lake));
    }
    return [
      figure({
        bench: 'replay',
        figure: `replay of ${edgeDays} edge-days`,
        value: median(ours),
        unit: 's',
        peer: { name: 'one group by of DuckDB', value: median(peers) },
        atMost: 10,
      }),
      figure({ bench: 'replay', figure: 'peak memory', value: Math.max(...memory) / 1_000_000, unit: 'MB' }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const sampleEveryMs = 50;

interface Round {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly allowedEdges: number;
}

async function replay(folder: string): Promise<Round> {
  const started = performance.now();
  const words = ['flows', 'replay', '--policy', join(folder, 'policy'), '--config', join(folder, 'exeat.yaml')];
  const child = spawn(process.execPath, [program, ...words, '-o', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let peakBytes = 0;
  const sampling = setInterval(() => {
    if (child.pid !== undefined) peakBytes = Math.max(peakBytes, memoryBytes(child.pid));
  }, sampleEveryMs);
  const output = text(child.stdout);
  const [code] = (await once(child, 'exit')) as [number];
  clearInterval(sampling);
  const report = JSON.parse(await output) as {
    readonly totals: { readonly allowed: { readonly edges: number } };
  };
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0 && code !== 2) throw new Error(`replay ended with ${code}`);
  return { seconds, peakBytes, allowedEdges: report.totals.allowed.edges };
}

/** What the database alone needs to sum the same rows by client, name and port, with the same threads. */
async function groupSeconds(lake: string): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  const files = join(lake, 'flows', '*', '*.parquet').replaceAll("'", "''");
  const started = performance.now();
  await connection.run(`CREATE TABLE edges AS SELECT client, name, port, sum(connections) AS connections, sum(bytes_up) AS up,
    sum(bytes_down) AS down, min(first_seen) AS first_seen, max(last_seen) AS last_seen FROM read_parquet('${files}') GROUP BY ALL`);
  const seconds = (performance.now() - started) / 1000;
  connection.closeSync();
  instance.closeSync();
  return seconds;
}
