import type { Command } from 'commander';
import { type Inspection, inspectMachine } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { cellText } from './table.ts';
import { countText } from './wording.ts';

/** Adds `exeat doctor`: looks at everything that Exeat depends on; exit code 3 when something keeps it from its work. */
export function registerDoctor(parent: Command, cli: Cli): void {
  parent
    .command('doctor')
    .description('look at everything that Exeat depends on here and say what to do')
    .addHelpText('after', '\nExit codes: 0 when it can work, 3 when something fails.\n\nExamples:\n  exeat doctor\n')
    .action(() =>
      cli.run(async () => {
        const config = cli.config();
        if (config === null) return exitCodes.error;
        const inspections = await inspectMachine(config, cli.io.now());
        if (cli.flags().output === 'table') cli.io.writeOut(doctorText(inspections));
        else {
          cli.printRows(
            ['check', 'result', 'says', 'mend'],
            inspections.map((one) => ({ ...one })),
          );
        }
        return inspections.some((one) => one.result === 'fail') ? exitCodes.checksFailed : exitCodes.ok;
      }),
    );
}

// A line a check, its mend below it, and the sum last: a terminal shows the end.
function doctorText(inspections: readonly Inspection[]): string {
  const width = Math.max(...inspections.map(({ check }) => check.length));
  const lines = inspections.map(({ check, result, says, mend }) => {
    const head = `${resultTexts[result]}  ${check.padEnd(width)}  `;
    return `${head}${cellText(says)}\n${mend === null ? '' : `${' '.repeat(head.length)}-> ${cellText(mend)}\n`}`;
  });
  const of = (result: Inspection['result']): number => inspections.filter((one) => one.result === result).length;
  const sum =
    of('fail') + of('warn') === 0
      ? 'all is well'
      : `${countText(of('fail'), 'failure')}, ${countText(of('warn'), 'warning')}`;
  return `${lines.join('')}\n${sum}\n`;
}

const resultTexts: Readonly<Record<Inspection['result'], string>> = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' };
