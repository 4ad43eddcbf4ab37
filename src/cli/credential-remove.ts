import type { Command } from 'commander';
import { pruneCredentials, removeCredential } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { credentialFilePath } from './credential-file-path.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Adds `exeat credential remove NAME [--id ID]`, and `remove --expired` for all that have ended. A running Exeat cuts what the removed secrets justified. */
export function registerCredentialRemove(parent: Command, cli: Cli): void {
  parent
    .command('remove')
    .description('remove the secrets of a credential, or one of them')
    .argument('[name]', 'name of the credential')
    .option('--id <id>', 'only the secret with this id, see `credential list`')
    .option('--expired', 'every secret that has ended, of any name')
    .action((name: string | undefined, options: RemoveOptions) => cli.run(() => remove(cli, name ?? null, options)));
}

interface RemoveOptions {
  /** Only the secret with this id. Default: all of the name. */
  readonly id?: string;
  /** Every secret that has ended. Default: false. */
  readonly expired?: boolean;
}

async function remove(cli: Cli, name: string | null, options: RemoveOptions): Promise<ExitCode> {
  if ((name === null) !== (options.expired === true)) {
    cli.fail({ message: 'give either the name of a credential or `--expired`' });
    return exitCodes.usage;
  }
  const path = credentialFilePath(cli);
  if (path === null) return exitCodes.error;
  const nowMs = cli.io.now();
  const removed =
    name === null
      ? await pruneCredentials({ path, nowMs })
      : await removeCredential({ path, name, id: options.id ?? null, nowMs });
  if (!removed.ok) return cli.fail(removed.fault);
  cli.printRows(
    ['name', 'id'],
    removed.value.map((each) => ({ name: each.name, id: each.id })),
  );
  return exitCodes.ok;
}
