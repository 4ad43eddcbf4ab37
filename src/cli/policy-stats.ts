import type { Command } from 'commander';
import { checkFolder } from '../app/index.ts';
import { type PolicyStats, policyStats, renderFault } from '../policy/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { formatTable } from './table.ts';

/** Adds `exeat policy stats`: rules by scope, services by mode and kind. */
export function registerPolicyStats(parent: Command, cli: Cli): void {
  parent
    .command('stats')
    .description('count rules by scope and services by mode')
    .argument('[dir]', 'policy folder (default: `policy` of the configuration)')
    .addHelpText('after', '\nExample:\n  exeat policy stats ./policy -o json\n')
    .action((dir: string | undefined) => cli.run(() => runStats(cli, dir)));
}

function runStats(cli: Cli, dir: string | undefined): ExitCode {
  const folder = dir ?? cli.config()?.policy;
  if (folder === undefined) return exitCodes.error;
  const checked = checkFolder(folder, cli.io.now());
  if (!checked.ok) return cli.fail(checked.fault);
  const [fault] = checked.value.check.faults;
  if (fault !== undefined) return cli.fail({ message: renderFault(fault, null).split('\n', 1)[0] ?? '' });
  const stats = policyStats(checked.value.tree, cli.io.now());
  cli.printObject({ ...stats }, () => statsText(stats));
  return exitCodes.ok;
}

function statsText({ rules, services, ...stats }: PolicyStats): string {
  const { byMode, byKind } = services;
  const rows: readonly (readonly [what: string, count: number])[] = [
    ['rules of the boundary', rules.boundary],
    ['members of shared documents', rules.shared],
    ['rules of services', rules.service],
    ['services', services.total],
    ['services under enforce', byMode.enforce],
    ['services under observe', byMode.observe],
    ['services past observe', byMode.observeEnded],
    ...Object.entries(byKind).map(([kind, count]) => [`services of kind ${kind}`, count] as const),
    ['services without tests', services.withoutTests],
    ['segments', stats.segments],
    ['spaces', stats.spaces],
    ['owners', stats.owners],
    ['tests', stats.tests],
  ];
  return formatTable(
    ['what', 'count'],
    rows.map(([what, count]) => ({ what, count })),
  );
}
