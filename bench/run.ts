import { readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench, BenchResult } from './harness.ts';

const exitOk = 0;
const exitBarMissed = 3;
const exitUsage = 64;

process.exitCode = await runBenches();

/** Runs `npm run bench -- NAME… [--json] [--quick]`, or lists what there is with `--list`; gives the exit code. */
async function runBenches(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
    },
  });
  const benches = await loadBenches();
  if (values.list) return print([...benches.values()].map((bench) => `${bench.name.padEnd(10)} ${bench.says}`));
  const unknown = positionals.find((name) => !benches.has(name));
  if (positionals.length === 0 || unknown !== undefined) {
    const what = unknown === undefined ? 'name a bench' : `there is no bench \`${unknown}\``;
    process.stderr.write(`${what}; there are ${[...benches.keys()].join(', ')}\n`);
    return exitUsage;
  }
  if (!values.json) print([`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`]);
  const results: BenchResult[] = [];
  for (const name of positionals) results.push(...(await runBench(benches.get(name), values)));
  return results.every((result) => result.ok) ? exitOk : exitBarMissed;
}

/** Every file in this folder that exports `bench`. */
async function loadBenches(): Promise<ReadonlyMap<string, Bench>> {
  const benches = new Map<string, Bench>();
  const names = await readdir(import.meta.dirname);
  for (const file of names.filter((name) => /^[a-z-]+(?<!-worker)\.ts$/.test(name) && name !== 'run.ts').sort()) {
    const module: { readonly bench?: Bench } = await import(`./${file}`);
    if (module.bench !== undefined) benches.set(module.bench.name, module.bench);
  }
  return benches;
}

async function runBench(
  bench: Bench | undefined,
  asked: { readonly json: boolean; readonly quick: boolean },
): Promise<readonly BenchResult[]> {
  if (bench === undefined) return [];
  const results = await bench.run({
    note: (text) => process.stderr.write(`${bench.name}: ${text}\n`),
    isQuick: asked.quick,
  });
  print(asked.json ? results.map((result) => JSON.stringify(result)) : table(results));
  return results;
}

function table(results: readonly BenchResult[]): readonly string[] {
  const rows = [['bench', 'figure', 'value', 'peer', 'peer value', 'ratio', 'bar', ''], ...results.map(cells)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function cells(result: BenchResult): string[] {
  return [
    result.bench,
    result.figure,
    `${shown(result.value)} ${result.unit}`,
    result.peer ?? '-',
    result.peerValue === null ? '-' : `${shown(result.peerValue)} ${result.unit}`,
    result.ratio === null ? '-' : result.ratio.toFixed(2),
    result.bar ?? '-',
    result.ok ? 'ok' : 'MISSED',
  ];
}

function shown(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toString() : Number(value.toPrecision(3)).toString();
}

function print(lines: readonly string[]): number {
  process.stdout.write(`${lines.join('\n')}\n`);
  return exitOk;
}
