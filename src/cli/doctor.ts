import type { Command } from 'commander';
import { inspectMachine } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';

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
        cli.printRows(
          ['check', 'result', 'says', 'mend'],
          inspections.map((one) => ({ ...one })),
        );
        return inspections.some((one) => one.result === 'fail') ? exitCodes.checksFailed : exitCodes.ok;
      }),
    );
}
