import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type BackupReport, backupState } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { countText, sizeText } from './wording.ts';

/** Adds `exeat backup`: the log of acts, the audit and the policy history in one folder, while the product runs or not. */
export function registerBackup(parent: Command, cli: Cli): void {
  parent
    .command('backup')
    .description('copy acts, audit and policy history into a new folder, while it runs')
    .argument('<folder>', 'the folder to make')
    .option('--with-keys', 'copy the keys as well: whoever has the backup can then sign in our name')
    .addHelpText('after', '\nExamples:\n  exeat backup /backup/exeat-2026-12-01\n')
    .action((folder: string, options: { readonly withKeys?: true }) =>
      cli.run(async () => {
        const config = cli.config();
        if (config === null) return exitCodes.error;
        const made = await backupState(config, { to: resolve(folder), withKeys: options.withKeys === true });
        if (!made.ok) return cli.fail(made.fault);
        cli.printObject({ ...made.value }, () => backupText(made.value));
        return exitCodes.ok;
      }),
    );
}

function backupText({ folder, entries, files, bytes, withKeys }: BackupReport): string {
  const keys = withKeys
    ? 'It holds the keys: keep it as you keep them.'
    : 'Keys are not in it (`--with-keys`): without them a restored product makes new ones.';
  return `${countText(entries, 'act')} in ${countText(files, 'file')}, ${sizeText(bytes)}, in ${folder}\n${keys}\n`;
}
