import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type RestoreReport, restoreState } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { countText } from './wording.ts';

/** Adds `exeat restore`: puts a backup in the place of acts, audit and policy history; the point decides on meanwhile. */
export function registerRestore(parent: Command, cli: Cli): void {
  parent
    .command('restore')
    .description('put a backup in the place of acts, audit and policy history')
    .argument('<folder>', 'a folder that `exeat backup` made')
    .option('--force', 'replace acts that are there; they are put aside, not deleted')
    .addHelpText('after', '\nExamples:\n  exeat restore /backup/exeat-2026-12-01 --force\n')
    .action((folder: string, options: { readonly force?: true }) =>
      cli.run(async () => {
        const config = cli.config();
        if (config === null) return exitCodes.error;
        const restored = await restoreState(config, { from: resolve(folder), force: options.force === true });
        if (!restored.ok) return cli.fail(restored.fault);
        cli.printObject({ ...restored.value }, () => restoreText(restored.value));
        return exitCodes.ok;
      }),
    );
}

function restoreText({ entries, createdAt, aside, answeredBy }: RestoreReport): string {
  const by = answeredBy === 'control' ? 'control was started again with it' : 'the next `exeat up` starts with it';
  return `${countText(entries, 'act')} as of ${createdAt}: ${by}\nWhat was there is in ${aside}\n`;
}
