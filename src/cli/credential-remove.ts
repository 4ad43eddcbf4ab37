import type { Command } from 'commander';
import { removeCredential } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { credentialFilePath } from './credential-file-path.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Adds `exeat credential remove NAME [--id ID]`. A running Exeat cuts what the removed secrets justified. */
export function registerCredentialRemove(parent: Command, cli: Cli): void {
  parent
    .command('remove')
    .description('remove the secrets of a credential, or one of them')
    .argument('<name>', 'name of the credential')
    .option('--id <id>', 'only the secret with this id, see `credential list`')
    .action((name: string, options: { id?: string }) => cli.run(() => remove(cli, name, options.id ?? null)));
}

async function remove(cli: Cli, name: string, id: string | null): Promise<ExitCode> {
  const path = credentialFilePath(cli);
  if (path === null) return exitCodes.error;
  const removed = await removeCredential({ path, name, id, nowMs: cli.io.now() });
  if (!removed.ok) return cli.fail(removed.fault);
  cli.printRows(
    ['name', 'id'],
    removed.value.map((each) => ({ name: each.name, id: each.id })),
  );
  return exitCodes.ok;
}
