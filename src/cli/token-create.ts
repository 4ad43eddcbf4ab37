import { type Command, Option } from 'commander';
import { endpoints, type NewTokenAnswer, type Scope, scopes } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import { parseSeconds } from './api-options.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { chooseTokenFile, handOver } from './token-secret.ts';

interface CreateFlags extends ApiFlags {
  readonly person?: string;
  readonly label: string;
  readonly scope: readonly Scope[];
  readonly lasts: string;
  readonly save?: boolean;
}

/** Adds `exeat token create`: a token for yourself, or (as an admin) for another person. */
export function registerTokenCreate(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'create', 'make a token; it is shown once')
    .option('--person <id>', 'who it is for (default: you); you count as linked to them for 30 days')
    .requiredOption('--label <text>', 'what it is for')
    .addOption(
      new Option('--scope <scope...>', 'what it may be used for, never more than its person may do')
        .choices([...scopes])
        .makeOptionMandatory(),
    )
    .option('--lasts <duration>', 'how long it lives', '30d')
    .option('--save', 'write it to your token file instead of stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  exeat token create --label laptop --scope read exception:request exception:approve --save\n  exeat token create --person ben --label "first token" --scope read exception:request -o json\n',
    )
    .action((flags: CreateFlags) => runWithApi(cli, flags, (client) => create(cli, client, flags)));
}

interface ResetFlags extends ApiFlags {
  readonly lasts: string;
  readonly save?: boolean;
}

/** Adds `exeat token reset ID`: a fresh secret in place of one that is lost or was seen. */
export function registerTokenReset(parent: Command, cli: Cli): void {
  addApiCommand(
    parent,
    'reset',
    'give a token a fresh secret; of another person’s you count as linked to them for 30 days',
  )
    .argument('<id>', 'id of the token, as `exeat token list` shows it')
    .option('--lasts <duration>', 'how long it lives from now on', '30d')
    .option('--save', 'write it to your token file instead of stdout')
    .action((id: string, flags: ResetFlags) => runWithApi(cli, flags, (client) => reset(cli, client, id, flags)));
}

async function create(cli: Cli, client: ApiClient, flags: CreateFlags): Promise<ExitCode> {
  const lasts = parseSeconds('--lasts', flags.lasts);
  if (!lasts.ok) return cli.fail(lasts.fault);
  const file = chooseTokenFile(cli, flags.save === true);
  if (file === false) return exitCodes.error;
  const { person = null, label, scope } = flags;
  const made = await client.call(endpoints.createToken, {
    body: { person, label, scopes: [...new Set(scope)], lastsSeconds: lasts.value },
  });
  return made.ok ? handOverMade(cli, file, made.value.body) : failCall(cli, made.fault);
}

async function reset(cli: Cli, client: ApiClient, id: string, flags: ResetFlags): Promise<ExitCode> {
  const lasts = parseSeconds('--lasts', flags.lasts);
  if (!lasts.ok) return cli.fail(lasts.fault);
  const file = chooseTokenFile(cli, flags.save === true);
  if (file === false) return exitCodes.error;
  const made = await client.call(endpoints.resetToken, { params: { id }, body: { lastsSeconds: lasts.value } });
  return made.ok ? handOverMade(cli, file, made.value.body) : failCall(cli, made.fault);
}

function handOverMade(cli: Cli, file: string | null, { token, secret }: NewTokenAnswer): ExitCode {
  cli.io.writeError(`exeat: token ${token.id} of \`${token.person}\` ends ${token.expiresAt}; it is not shown again\n`);
  return handOver(cli, file, secret, { token });
}
