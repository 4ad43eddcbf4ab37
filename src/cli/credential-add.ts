import type { Command } from 'commander';
import { addCredential } from '../app/index.ts';
import { parseDuration } from '../base/index.ts';
import type { Cli } from './cli.ts';
import { credentialFilePath } from './credential-file-path.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Adds `exeat credential add NAME [--expires 90d]`: the secret goes to stdout, this once. */
export function registerCredentialAdd(parent: Command, cli: Cli): void {
  parent
    .command('add')
    .description('generate a secret for a workload; it is shown once')
    .argument('<name>', 'name of the credential, as `credential:NAME` in the policy')
    .option('--expires <duration>', 'how long it lives', '90d')
    .action((name: string, options: { expires: string }) => cli.run(() => add(cli, name, options.expires)));
}

async function add(cli: Cli, name: string, expires: string): Promise<ExitCode> {
  const life = parseDuration(expires);
  if (!life.ok) return cli.fail(life.fault);
  const path = credentialFilePath(cli);
  if (path === null) return exitCodes.error;
  const added = await addCredential({ path, name, nowMs: cli.io.now(), lifeMs: life.value });
  if (!added.ok) return cli.fail(added.fault);
  const { id, secret } = added.value;
  const expiresAt = new Date(added.value.expiresAt).toISOString();
  cli.printObject({ name, id, expiresAt, secret }, () => `${secret}\n`);
  // The note goes to stderr, so that `SECRET=$(exeat credential add api)` holds the secret alone.
  cli.io.writeError(
    `exeat: credential ${name} (id ${id}) ends ${expiresAt}; the secret is not kept and not shown again\n`,
  );
  return exitCodes.ok;
}
