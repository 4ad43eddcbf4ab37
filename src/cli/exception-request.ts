import type { Command } from 'commander';
import { endpoints } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import { parseSeconds, readOptional } from './api-options.ts';
import type { Cli } from './cli.ts';
import { addScopeOptions, changeSpec, type RequiredSpec, readSpec, type SpecFlags, specOf } from './exception-spec.ts';
import { printException } from './exception-text.ts';
import type { ExitCode } from './exit-codes.ts';
import { waitForDecision } from './wait-decision.ts';

/** Adds `exeat exception request`: asks to let something out for a while. */
export function registerExceptionRequest(parent: Command, cli: Cli): void {
  const command = addApiCommand(parent, 'request', 'ask to let something out for a while; somebody else decides')
    .requiredOption('--service <service>', 'who shall reach it: a service of the policy')
    .requiredOption('--to <target>', 'the destination as policies write it, `bank.example.com:443`')
    .requiredOption('--for <duration>', 'how long, from when it starts')
    .requiredOption('--owner <owner>', 'which owner of the policy answers for it')
    .requiredOption('--reason <text>', 'why, for those who decide');
  addScopeOptions(command)
    .option('--wait <duration>', 'wait so long for a decision')
    .addHelpText(
      'after',
      '\nExit codes with --wait: 0 approved, 5 denied, 6 nobody has decided.\n\nExamples:\n  exeat exception request --service payments-api --to bank.example.com:443 --for 8h --owner team-payments \\\n    --reason "the new acquirer is tested before its rule is written" --bytes-up 1GiB --wait 10m\n',
    )
    .action((flags: RequestFlags) => runWithApi(cli, flags, (client) => request(cli, client, flags)));
}

type RequestFlags = ApiFlags & RequiredSpec & { readonly wait?: string };

/** Adds `exeat exception edit ID`: changes what is asked; what was decided before is void. */
export function registerExceptionEdit(parent: Command, cli: Cli): void {
  const command = addApiCommand(
    parent,
    'edit',
    'change what is asked while nobody has decided; what is not given stays',
  )
    .argument('<id>', 'id of the exception')
    .option('--service <service>', 'who shall reach it')
    .option('--to <target>', 'the destination')
    .option('--for <duration>', 'how long')
    .option('--owner <owner>', 'which owner of the policy answers for it')
    .option('--reason <text>', 'why');
  addScopeOptions(command)
    .addHelpText('after', '\nExamples:\n  exeat exception edit 01KB0Z2Q6W7V8X9Y0A1B2C3D4E --for 4h --bytes-up 100MiB\n')
    .action((id: string, flags: ApiFlags & SpecFlags) =>
      runWithApi(cli, flags, (client) => edit(cli, client, id, flags)),
    );
}

async function request(cli: Cli, client: ApiClient, flags: RequestFlags): Promise<ExitCode> {
  const spec = readSpec(flags);
  if (!spec.ok) return cli.fail(spec.fault);
  const wait = readOptional(flags.wait, (text) => parseSeconds('--wait', text));
  if (!wait.ok) return cli.fail(wait.fault);
  const asked = await client.call(endpoints.requestException, { body: spec.value });
  if (!asked.ok) return failCall(cli, asked.fault);
  const { body } = asked.value;
  return wait.value === null ? printException(cli, body) : waitForDecision(cli, client, body, wait.value * 1000);
}

// What was read is what is changed: another edit in between is refused by `If-Match` and not undone.
async function edit(cli: Cli, client: ApiClient, id: string, flags: SpecFlags): Promise<ExitCode> {
  const shown = await client.call(endpoints.showException, { params: { id } });
  if (!shown.ok) return failCall(cli, shown.fault);
  const { body: before, seq } = shown.value;
  const spec = changeSpec(specOf(before), flags);
  if (!spec.ok) return cli.fail(spec.fault);
  const given = { params: { id }, body: spec.value, ...(seq === null ? {} : { ifMatch: seq }) };
  const edited = await client.call(endpoints.editException, given);
  return edited.ok ? printException(cli, edited.value.body) : failCall(cli, edited.fault);
}
