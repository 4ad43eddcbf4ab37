import type { Command } from 'commander';
import type { AnswersOptions } from '../app/index.ts';
import type { FlowAnswers } from '../flowmap/index.ts';
import { answerRows, answersText } from './answers-text.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { parseWindow, runFlowJob, tellCoverage, type WindowFlags } from './flows-options.ts';

const csvColumns = [
  'question',
  'service',
  'finding',
  'destination',
  'detail',
  'connections',
  'bytesUp',
  'bytesDown',
  'denied',
  'days',
  'first',
  'last',
  'rank',
  'provider',
  'policy',
  'declaredAt',
] as const;

/** Adds `exeat flows answers`: what people ask before they write a policy. */
export function registerFlowsAnswers(parent: Command, cli: Cli): void {
  parent
    .command('answers')
    .description(
      'answer who must reach the internet, who only few domains, which registries CI touches, how names resolve',
    )
    .option('--since <time>', 'flows from this time on, `2026-11-01` or `30d` ago (default: everything kept)')
    .option('--until <time>', 'flows before this time')
    .addHelpText(
      'after',
      '\nWhat is CI is said by `kind: build` of the policy or the inventory; which resolvers are yours by `kind: resolver` of the inventory\nand by `resolver:` of the configuration. Coverage goes to stderr with the table, and stands in every other output.\n\nExamples:\n  exeat flows answers --since 30d\n  exeat flows answers -o json\n',
    )
    .action((flags: WindowFlags) => cli.run(() => runAnswers(cli, flags)));
}

async function runAnswers(cli: Cli, flags: WindowFlags): Promise<ExitCode> {
  const window = parseWindow(flags, cli.io.now());
  if (!window.ok) return cli.fail(window.fault);
  const answers = await runFlowJob<FlowAnswers>(cli, 'answers', { window: window.value } satisfies AnswersOptions);
  if (answers === null) return exitCodes.error;
  const { output } = cli.flags();
  if (output === 'csv') cli.printRows(csvColumns, answerRows(answers));
  else cli.printObject({ ...answers }, () => answersText(answers));
  if (output === 'csv' || output === 'table') tellCoverage(cli, answers);
  return exitCodes.ok;
}
