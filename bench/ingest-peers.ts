import { spawnSync } from 'node:child_process';
import { openSync, readFileSync, readSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

/** Lines or rows a second of a peer, or null where it is not installed. */
export type PeerRate = number | null;

/** DuckDB's own CSV reader with one group by over addresses and port: what a database alone makes of a flow log. */
export async function duckdbRate(path: string, rows: number): Promise<PeerRate> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  const started = performance.now();
  await connection.runAndReadAll(
    `SELECT srcaddr, dstaddr, dstport, count(*), sum(bytes) FROM read_csv('${path}', delim = ' ', header = true) GROUP BY ALL`,
  );
  const rate = rows / ((performance.now() - started) / 1000);
  connection.closeSync();
  instance.closeSync();
  return rate;
}

/** A plain JavaScript loop that splits each line at blanks and counts by client and URL, on one thread. */
export function splitRate(path: string, lines: number): PeerRate {
  const started = performance.now();
  const counts = new Map<string, number>();
  for (const line of textLines(path)) {
    const fields = line.split(/ +/);
    const key = `${fields[2]} ${fields[6]}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return lines / ((performance.now() - started) / 1000);
}

function* textLines(path: string): Generator<string> {
  const file = openSync(path, 'r');
  const piece = Buffer.alloc(1024 * 1024);
  let rest = '';
  for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
    const lines = (rest + piece.toString('latin1', 0, read)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** goaccess, Debian's package, on the same file; it makes a report of its own. */
export function goaccessRate(path: string, lines: number): PeerRate {
  const version = spawnSync('goaccess', ['--version'], { encoding: 'utf8' });
  if (version.error !== undefined) return null;
  const started = performance.now();
  const run = spawnSync('goaccess', [path, ...goaccessFlags, '-o', `${path}.json`], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`goaccess ended with ${run.status}: ${run.stderr.slice(0, 200)}`);
  const report = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as {
    readonly general: { readonly valid_requests: number };
  };
  if (report.general.valid_requests < lines * 0.9) throw new Error('goaccess could not read the lines');
  return lines / ((performance.now() - started) / 1000);
}

/** Squid's native format; the preset of this name reads other fields in Debian's version. */
const goaccessFlags = [
  '--log-format=%x.%^ %~%L %h %^/%s %b %m %U',
  '--datetime-format=%s',
  '--date-format=%s',
  '--time-format=%s',
  '--no-progress',
];
