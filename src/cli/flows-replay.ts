import type { Command } from 'commander';
import type { Replayed, ReplayOptions } from '../app/index.ts';
import { coverageLines } from '../flowmap/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { parseWindow, runFlowJob, type WindowFlags } from './flows-options.ts';
import { comparisonRows, comparisonText, replayColumns, replayRows, replayText } from './replay-text.ts';

interface ReplayFlags extends WindowFlags {
  readonly policy?: string;
  readonly service?: string;
  readonly against?: string;
  readonly knownOnly?: boolean;
  readonly enforced?: boolean;
}

const help = `
What was seen is judged by a policy that need not be in force, with the one evaluator and the strongest identity that the policy has for
each service. Clients are attributed with the source ranges and credentials of that policy; \`reason: TODO\` and placeholder owners are
accepted here, and nowhere else.

  would_be_denied   breaks: the policy has the service and does not let it go there
  no_service        breaks, unless --known-only: the policy has no such service; add it, or name its address in the inventory
  uncertain         an address that may have had several names, some of them allowed; not counted as breaking
  observed          let through only because its service is observed; breaks with --enforced
  denied_by_source  what the sources themselves refused, whatever the policy says; nothing to break
  never used        allow rules that decided no allowed edge of the window

To try a proposal on days that it was not made of, propose with --until and replay with --since the same time.

Exit codes: 0 nothing that was seen would break, 2 something would; with --against, 2 when something that was seen is newly denied.

Examples:
  exeat flows replay --policy ./proposed --since 30d
  exeat flows replay --policy ./proposed --against ./policy -o json
  exeat flows replay --policy ./policy --service payments-api --enforced
`;

/** Adds `exeat flows replay`: history judged by a policy, before anybody is refused. */
export function registerFlowsReplay(parent: Command, cli: Cli): void {
  parent
    .command('replay')
    .description('judge what was seen by a policy, before it is in force')
    .option('--policy <dir>', 'policy folder to judge by (default: `policy` of the configuration)')
    .option('--since <time>', 'flows from this time on, `2026-11-01` or `30d` ago (default: everything kept)')
    .option('--until <time>', 'flows before this time')
    .option('--service <name>', 'only this service')
    .option('--against <dir>', 'policy folder to compare with: tells what changes from it to --policy')
    .option('--known-only', 'clients that no service of the policy is do not count as breaking')
    .option('--enforced', 'judge observed services as they will be when observing ends')
    .addHelpText('after', help)
    .action((flags: ReplayFlags) => cli.run(() => runReplay(cli, flags)));
}

async function runReplay(cli: Cli, flags: ReplayFlags): Promise<ExitCode> {
  const window = parseWindow(flags, cli.io.now());
  if (!window.ok) return cli.fail(window.fault);
  const policy = flags.policy ?? cli.config()?.policy;
  if (policy === undefined) return exitCodes.error;
  const replayed = await runFlowJob<Replayed>(cli, 'replay', {
    window: window.value,
    policy,
    against: flags.against ?? null,
    service: flags.service ?? null,
    isEnforced: flags.enforced ?? false,
  } satisfies ReplayOptions);
  if (replayed === null) return exitCodes.error;
  const breaking = countBreaking(replayed, flags.knownOnly ?? false);
  print(cli, replayed, breaking);
  return breaking === 0 ? exitCodes.ok : exitCodes.changesPresent;
}

function countBreaking(replayed: Replayed, isKnownOnly: boolean): number {
  if (replayed.kind === 'comparison') return replayed.comparison.totals.newly_denied.edges;
  const { would_be_denied: denied, no_service: unknown } = replayed.report.totals;
  return denied.edges + (isKnownOnly ? 0 : unknown.edges);
}

function print(cli: Cli, replayed: Replayed, breaking: number): void {
  const { output } = cli.flags();
  const isReplay = replayed.kind === 'replay';
  const whole = isReplay ? replayed.report : replayed.comparison;
  if (output === 'csv') {
    cli.printRows(replayColumns, isReplay ? replayRows(replayed.report) : comparisonRows(replayed.comparison));
  } else {
    cli.printObject({ breaking, ...whole }, () =>
      isReplay ? replayText(replayed.report) : comparisonText(replayed.comparison),
    );
  }
  if (output === 'json' || output === 'yaml') return;
  for (const line of coverageLines(whole.coverage)) cli.io.writeError(`# ${line}\n`);
}
