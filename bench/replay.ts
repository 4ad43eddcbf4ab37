import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { runLakeJob } from '../src/app/front/index.ts';
import type { Config } from '../src/config/index.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure, median } from './harness.ts';
import { type HistoryShape, type HistorySize, writeHistory, writeReplayPolicy } from './replay-lake.ts';
import type { ReplayOrder, ReplayTimes } from './replay-worker.ts';

/** What is measured; the guard test measures little. */
export interface ReplaySizes extends HistorySize {
  readonly rounds: number;
}

export const bench: Bench = defineBench('replay', 'time to judge a history of ten million edge-days', (context) =>
  measureReplay(context, { services: 1000, edgesPerService: 334, days: 30, rounds: 5 }),
);

const program = join(import.meta.dirname, '../src/cli/exeat.ts');
const worker = join(import.meta.dirname, 'replay-worker.ts');

/** Replays a generated history by a policy of as many services, beside one group by of the database over the same rows. */
export async function measureReplay({ note }: BenchContext, sizes: ReplaySizes): Promise<readonly BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-bench-'));
  const order = { policy: join(folder, 'policy'), state: join(folder, 'state') };
  try {
    const lake = join(order.state, 'lake');
    const edgeDays = await writeHistory(lake, sizes);
    const allowed = writeReplayPolicy(order.policy, sizes) * sizes.services;
    await writeFile(join(folder, 'exeat.yaml'), 'policy: ./policy\nstate: ./state\n');
    note(`${edgeDays} edge-days of ${sizes.services} services`);
    const rounds = { ours: [] as number[], policy: [] as number[], whole: [] as number[], peer: [] as number[] };
    for (let round = 0; round < sizes.rounds; round++) {
      const times = await replay(order);
      if (times.allowedEdges !== allowed) throw new Error(`${times.allowedEdges} edges were allowed, not ${allowed}`);
      rounds.ours.push(times.seconds);
      rounds.policy.push(times.policySeconds);
      rounds.peer.push(await groupSeconds(lake));
      rounds.whole.push(await wholeSeconds(folder));
    }
    const peer = { name: 'one group by of DuckDB', value: median(rounds.peer) };
    const row = (name: string, values: readonly number[]): BenchResult =>
      figure({ bench: 'replay', figure: name, value: median(values), unit: 's' });
    return [
      figure({
        bench: 'replay',
        figure: `${edgeDays} edge-days, open lake to report`,
        value: median(rounds.ours),
        unit: 's',
        peer,
        atMost: 10,
      }),
      row('read and compile the policy', rounds.policy),
      row('the whole command, as a user starts it', rounds.whole),
      ...(await measureShape(folder, 'both-ways', sizes)),
      ...(await measureShape(folder, 'nameless', sizes)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A history that has to be joined: read after the end of an ingest joined it, and, as the slowest way, by a reader that joins it itself. */
async function measureShape(folder: string, shape: HistoryShape, sizes: ReplaySizes): Promise<readonly BenchResult[]> {
  const order = { policy: join(folder, 'policy'), state: join(folder, shape) };
  const edgeDays = await writeHistory(join(order.state, 'lake'), sizes, shape);
  const forget = (): Promise<void> => rm(join(order.state, 'lake', 'edges'), { recursive: true, force: true });
  const seconds = { join: [] as number[], first: [] as number[], unjoined: [] as number[] };
  for (let round = 0; round < sizes.rounds; round++) {
    await forget();
    seconds.join.push(await joinSeconds(order));
    seconds.first.push((await replay(order)).seconds);
    await forget();
    seconds.unjoined.push((await replay(order)).seconds);
  }
  const row = (what: string, values: readonly number[], bound: { readonly atMost?: number } = {}): BenchResult =>
    figure({
      bench: 'replay',
      figure: `${edgeDays} edge-days, ${shape}, ${what}`,
      value: median(values),
      unit: 's',
      ...bound,
    });
  return [
    row('joined at the end of an ingest', seconds.join),
    row('read for the first time after an ingest', seconds.first, { atMost: 10 }),
    row('read where the days were not joined', seconds.unjoined),
  ];
}

/** What the end of an ingest does, in a process of its own as there. */
async function joinSeconds({ policy, state }: ReplayOrder): Promise<number> {
  const started = performance.now();
  const config = { policy, state, inventory: null, localOrigins: [] } as unknown as Config;
  const options = { onProgress: () => undefined };
  const joined = await runLakeJob<null>({ job: 'join', options: null, config, nowMs: Date.now() }, options);
  if (!joined.ok) throw new Error(joined.fault.message);
  return (performance.now() - started) / 1000;
}

async function replay(order: ReplayOrder): Promise<ReplayTimes> {
  const child = fork(worker, { execArgv: ['--max-old-space-size=1536'] });
  child.send(order);
  const answer = await Promise.race([once(child, 'message'), endOf(child)]);
  child.kill();
  return answer[0] as ReplayTimes;
}

async function endOf(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`the replaying process ended early (${code})`);
}

async function wholeSeconds(folder: string): Promise<number> {
  const started = performance.now();
  const words = [program, 'flows', 'replay', '--config', join(folder, 'exeat.yaml')];
  const child = spawn(process.execPath, words, { stdio: 'ignore', cwd: folder });
  const [code] = (await once(child, 'exit')) as [number | null];
  // The policy has placeholders and forgets a team's names on purpose: something would break.
  if (code !== 2) throw new Error(`replay ended with ${code}`);
  return (performance.now() - started) / 1000;
}

/** What the database alone needs to sum the same rows by client, name and port, with as many threads. */
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
