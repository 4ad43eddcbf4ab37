import type { Command } from 'commander';
import { endpoints } from '../api/contract/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { type ApiFlags, addApiCommand, connectApi, failCall } from './api-command.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { chooseTokenFile, handOver } from './token-secret.ts';

interface ClaimFlags extends ApiFlags {
  readonly id: string;
  readonly name: string;
  readonly save?: boolean;
  readonly breakGlassKey?: string;
}

/** Adds `exeat token claim LINK`: who opens a one-time link of the first start becomes its person. */
export function registerTokenClaim(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'claim', 'become the person that a one-time link of the first start was printed for')
    .argument('<link>', 'the link, `http://127.0.0.1:8440/setup#…`, or what stands after its `#`')
    .requiredOption('--id <id>', 'short name that the log of acts will know you by')
    .requiredOption('--name <name>', 'your name, for people')
    .option('--break-glass-key <public key>', 'public key of `break-glass keygen`, enrolled with the account')
    .option('--save', 'write the token to your token file instead of stdout')
    .addHelpText(
      'after',
      '\nThe token is shown once. Commands find it in the file of EXEAT_TOKEN_FILE, else in EXEAT_TOKEN, else in\n$XDG_CONFIG_HOME/exeat/token (~/.config/exeat/token), which `--save` writes, mode 0600.\n\nExamples:\n  exeat token claim "http://127.0.0.1:8440/setup#…" --id ana --name "Ana Diaz" --save\n',
    )
    .action((link: string, flags: ClaimFlags) => cli.run(() => claim(cli, link, flags)));
}

async function claim(cli: Cli, link: string, flags: ClaimFlags): Promise<ExitCode> {
  const { id, name, save = false, api, breakGlassKey = null } = flags;
  const read = readSetupLink(link);
  if (!read.ok) return cli.fail(read.fault);
  const client = connectApi(cli, api ?? read.value.api);
  const file = chooseTokenFile(cli, save);
  if (client === null || file === false) return exitCodes.error;
  const claimed = await client.call(endpoints.claimSetup, {
    body: { secret: read.value.secret, id, name, breakGlassKey },
  });
  if (!claimed.ok) return failCall(cli, claimed.fault);
  const { person, token, secret } = claimed.value.body;
  cli.io.writeError(
    `exeat: you are \`${person.id}\` (${person.roles.join(', ')}); the token ends ${token.expiresAt}\n`,
  );
  return handOver(cli, file, secret, { person, token });
}

// `<id>.<secret>`
const secretText = /^[A-Za-z0-9._-]{16,256}$/;

/** A link of the first start: the secret after its `#`, and the address before it where there is one. Fault: `link_malformed`. */
export function readSetupLink(link: string): Result<{ readonly api: string | null; readonly secret: string }> {
  if (secretText.test(link)) return ok({ api: null, secret: link });
  const url = URL.canParse(link) ? new URL(link) : null;
  const secret = url?.hash.slice(1) ?? '';
  if (url !== null && secretText.test(secret)) return ok({ api: url.origin, secret });
  // The link is a secret, spelled wrong or not: it is not repeated.
  return failed(
    fault('link_malformed', 'that is no link of the first start, give the whole one in quotes: `"http://…/setup#…"`'),
  );
}
