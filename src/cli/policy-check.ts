import type { Command } from 'commander';
import { type CheckedFolder, checkFolder } from '../app/index.ts';
import { escapeControls } from '../base/index.ts';
import { type Finding, type PolicyTestResult, renderFault, toCheckReport, toSarif } from '../policy/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Row } from './table.ts';
import { countText, shortVersion } from './wording.ts';

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
  else if (cli.flags().output === 'csv') cli.printRows(csvColumns, checkRows(checked.value));
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
      ? `${countText(counts.faults, 'fault')}: this policy would not load`
      : `${countText(counts.errors, 'error')}, ${countText(counts.warnings, 'warning')}, ${countText(counts.notes, 'note')}; ${countText(counts.testsPassed, 'test')} passed, ${counts.testsFailed} failed`;
  return `${[...blocks, `${summary} (${shortVersion(policyVersion)})`].map(escapeLines).join('\n')}\n`;
}

// One list for a spreadsheet: what is wrong, where, and how to mend it.
const csvColumns = ['file', 'line', 'column', 'severity', 'rule', 'message', 'mend'] as const;

function checkRows({ check }: CheckedFolder): readonly Row[] {
  const row = ({ file, line, column }: Finding['at'], rest: Row): Row => ({ file, line, column, ...rest });
  return [
    ...check.faults.map(({ at, code, message, mend }) => row(at, { severity: 'fault', rule: code, message, mend })),
    ...check.findings.map(({ at, severity, rule, message, mend }) => row(at, { severity, rule, message, mend })),
    ...check.tests
      .filter(({ message }) => message !== null)
      .map(({ at, message }) => row(at, { severity: 'error', rule: 'test-failed', message, mend: null })),
  ];
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
