import type { Command } from 'commander';
import type { AnswersOptions } from '../app/index.ts';
import type { RankedService, ScorePart, ServiceRanking } from '../flowmap/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { bytesText, parseWindow, runFlowJob, tellCoverage, type WindowFlags } from './flows-options.ts';
import { cellText, formatTable, type Row } from './table.ts';

const columns = ['place', 'service', 'score', 'production', 'out', 'privileged', 'unnamed', 'up', 'why'] as const;
const csvColumns = [
  'place',
  'service',
  'owner',
  'kind',
  'environment',
  'score',
  'production',
  'out',
  'privileged',
  'unnamed',
  'connections',
  'bytesUp',
  'why',
  'next',
] as const;

/** Adds `exeat flows rank`: which service to work on first, and what to type. */
export function registerFlowsRank(parent: Command, cli: Cli): void {
  parent
    .command('rank')
    .description('order services by what a leak would cost, and say what to type next for the first five')
    .option('--since <time>', 'flows from this time on, `2026-11-01` or `30d` ago (default: everything kept)')
    .option('--until <time>', 'flows before this time')
    .addHelpText(
      'after',
      '\nThe score, 0 to 100, is the sum of: production (35: environment of the space, else the kind), bytes up to the internet (25, by orders\nof magnitude between 1 KiB and 1 TiB), privileged reach (25: secret managers, control planes, classes of the policy) and the share of\nconnections without a name (15).\n\nExamples:\n  exeat flows rank --since 30d\n  exeat flows rank -o json\n',
    )
    .action((flags: WindowFlags) => cli.run(() => runRank(cli, flags)));
}

async function runRank(cli: Cli, flags: WindowFlags): Promise<ExitCode> {
  const window = parseWindow(flags, cli.io.now());
  if (!window.ok) return cli.fail(window.fault);
  const ranking = await runFlowJob<ServiceRanking>(cli, 'rank', { window: window.value } satisfies AnswersOptions);
  if (ranking === null) return exitCodes.error;
  const { output } = cli.flags();
  if (output === 'csv') cli.printRows(csvColumns, ranking.services.map(csvRow));
  else cli.printObject({ ...ranking }, () => rankText(ranking));
  if (output === 'csv' || output === 'table') tellCoverage(cli, ranking);
  return exitCodes.ok;
}

function rankText({ services }: ServiceRanking): string {
  const steps = services.flatMap(({ service, next }) => (next === null ? [] : [{ service, ...next }]));
  const lines = steps.map(
    ({ service, why, command }, index) => `\n${index + 1}. ${cellText(service)}: ${why}\n   ${cellText(command)}\n`,
  );
  return `${formatTable(columns, services.map(tableRow))}${lines.length === 0 ? '' : `\nNext:\n${lines.join('')}`}`;
}

function tableRow(one: RankedService, index: number): Row {
  return { ...scoreRow(one, index), up: bytesText(one.bytesUp) };
}

function csvRow(one: RankedService, index: number): Row {
  const { owner, kind, environment, connections, bytesUp, next } = one;
  return { ...scoreRow(one, index), owner, kind, environment, connections, bytesUp, next: next?.command ?? null };
}

function scoreRow({ service, score, production, bytesOut, privileged, unnamed }: RankedService, index: number): Row {
  return {
    place: index + 1,
    service,
    score: score.toFixed(1),
    production: pointsText(production),
    out: pointsText(bytesOut),
    privileged: pointsText(privileged),
    unnamed: pointsText(unnamed),
    why: [production, ...(privileged.value > 0 ? [privileged] : [])].map(({ says }) => says),
  };
}

function pointsText({ value, weight }: ScorePart): string {
  return (value * weight).toFixed(1);
}
