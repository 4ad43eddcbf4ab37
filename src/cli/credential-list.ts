import type { Command } from 'commander';
import { listCredentials } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { credentialFilePath } from './credential-file-path.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Adds `exeat credential list`: names, ids and ends, never a secret or its digest. */
export function registerCredentialList(parent: Command, cli: Cli): void {
  parent
    .command('list')
    .description('list credentials with their ends')
    .action(() => cli.run(() => list(cli)));
}

async function list(cli: Cli): Promise<ExitCode> {
  const path = credentialFilePath(cli);
  if (path === null) return exitCodes.error;
  const nowMs = cli.io.now();
  const listed = await listCredentials({ path, nowMs });
  if (!listed.ok) return cli.fail(listed.fault);
  const rows = listed.value.map((each) => ({
    name: each.name,
    id: each.id,
    state: each.expiresAt > nowMs ? 'live' : 'expired',
    created: new Date(each.createdAt).toISOString(),
    expires: new Date(each.expiresAt).toISOString(),
  }));
  cli.printRows(['name', 'id', 'state', 'created', 'expires'], rows);
  return exitCodes.ok;
}
