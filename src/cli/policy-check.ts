import type { Command } from 'commander';
import { type CheckedFolder, checkFolder } from '../app/index.ts';
import { type Finding, type PolicyTestResult, renderFault, toCheckReport, toSarif } from '../policy/index.ts';
import type { Cli } from './cli.ts';
import { escapeControls } from './escape-controls.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Adds `exeat policy check`: parses, lints and runs the tests in the documents. */
export function registerPolicyCheck(parent: Command, cli: Cli): void {
  parent
    .command('check')
    .description('parse and lint a policy folder, and run the tests in its documents')
    .argument('[dir]', 'policy folder (default: `policy` of the configuration)')
    .addHelpText(
      'after',
      '\nWith -o sarif: SARIF 2.1.0 for code review.\n\nExit codes: 0 good, 1 unreadable or faulty, 3 a test failed or a finding is an error.\n\nExample:\n  exeat policy check ./policy -o json\n',
    )
    .action((dir: string | undefined) => cli.run(() => runCheck(cli, dir)));
}

function runCheck(cli: Cli, dir: string | undefined): ExitCode {
  const folder = dir ?? cli.config()?.policy;
  if (folder === undefined) return exitCodes.error;
  const checked = checkFolder(folder, cli.io.now());
  if (!checked.ok) return cli.fail(checked.fault);
  const report = toCheckReport(checked.value.check);
  if (cli.flags().isSarif) cli.io.writeOut(`${JSON.stringify(toSarif(checked.value.check), null, 2)}\n`);
  else cli.printObject({ ...report }, () => checkText(checked.value));
  if (report.counts.faults > 0) return exitCodes.error;
  return report.ok ? exitCodes.ok : exitCodes.checksFailed;
}

/** Faults and findings with their source lines, failed tests with what happened, and the counts last. */
function checkText({ check, textOf }: CheckedFolder): string {
  const { counts, policyVersion } = toCheckReport(check);
  const blocks = [
    ...check.faults.map((fault) => renderFault(fault, textOf(fault.at.file))),
    ...check.findings.map((finding) => findingText(finding, textOf)),
    ...check.tests.flatMap((test) => (test.message === null ? [] : [testText(test, test.message, textOf)])),
  ];
  const summary =
    counts.faults > 0
      ? `${counts.faults} faults: this policy would not load`
      : `${counts.errors} errors, ${counts.warnings} warnings, ${counts.notes} notes; ${counts.testsPassed} tests passed, ${counts.testsFailed} failed`;
  return `${[...blocks, `${summary} (${policyVersion})`].map(escapeLines).join('\n')}\n`;
}

type TextOf = CheckedFolder['textOf'];

function findingText({ rule, severity, message, at, mend }: Finding, textOf: TextOf): string {
  return renderFault({ message: `${severity}: ${message} [${rule}]`, at, mend }, textOf(at.file));
}

function testText({ service, at, expect, to, as }: PolicyTestResult, message: string, textOf: TextOf): string {
  const what = `test failed: \`${expect}: ${to}\` of \`${service}\` as \`${as}\`: ${message}`;
  return renderFault({ message: what, at, mend: null }, textOf(at.file));
}

function escapeLines(block: string): string {
  return block.split('\n').map(escapeControls).join('\n');
}
