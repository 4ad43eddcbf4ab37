import { type Command, Option } from 'commander';
import { endpoints, type Role, roles } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import type { Cli } from './cli.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitCodes } from './exit-codes.ts';
import { printPerson } from './person-list.ts';

interface AddFlags extends ApiFlags {
  readonly name: string;
  readonly role: readonly Role[];
  readonly owns: readonly string[];
}

interface ChangeFlags extends ApiFlags {
  readonly name?: string;
  readonly role?: readonly Role[];
  readonly owns?: readonly string[];
}

/** Adds `exeat person add ID`: whoever adds a person counts as linked to them for 30 days. */
export function registerPersonAdd(parent: Command, cli: Cli): void {
  addApiCommand(
    parent,
    'add',
    'add a person; you count as linked to them for 30 days, so neither approves for the other',
  )
    .argument('<id>', 'short name that the log of acts will know them by')
    .requiredOption('--name <name>', 'their name, for people')
    .addOption(roleOption().makeOptionMandatory())
    .option('--owns <owner...>', 'owners of the policy that they act for', [])
    .addHelpText(
      'after',
      '\nExamples:\n  exeat person add ben --name "Ben Osei" --role requester approver --owns team-payments\n',
    )
    .action((id: string, flags: AddFlags) => runWithApi(cli, flags, (client) => add(cli, client, id, flags)));
}

/** Adds `exeat person change ID`: what is not given stays. */
export function registerPersonChange(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'change', 'change name, roles or whom a person acts for; what is not given stays')
    .argument('<id>', 'id of the person')
    .option('--name <name>', 'their name')
    .addOption(roleOption())
    .option('--owns <owner...>', 'owners that they act for, `""` for none')
    .addHelpText('after', '\nExamples:\n  exeat person change ben --role requester approver security\n')
    .action((id: string, flags: ChangeFlags) => runWithApi(cli, flags, (client) => change(cli, client, id, flags)));
}

function roleOption(): Option {
  return new Option('--role <role...>', 'what they may do').choices([...roles]);
}

async function add(cli: Cli, client: ApiClient, id: string, { name, role, owns }: AddFlags): Promise<ExitCode> {
  const added = await client.call(endpoints.createPerson, {
    body: { id, name, roles: [...new Set(role)], owns: namedOwners(owns) },
  });
  return added.ok ? printPerson(cli, added.value.body) : failCall(cli, added.fault);
}

async function change(cli: Cli, client: ApiClient, id: string, { name, role, owns }: ChangeFlags): Promise<ExitCode> {
  if (name === undefined && role === undefined && owns === undefined) {
    cli.fail({ message: 'nothing is to be changed: give `--name`, `--role` or `--owns`' });
    return exitCodes.usage;
  }
  const body = {
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { roles: [...new Set(role)] }),
    ...(owns === undefined ? {} : { owns: namedOwners(owns) }),
  };
  const changed = await client.call(endpoints.changePerson, { params: { id }, body });
  return changed.ok ? printPerson(cli, changed.value.body) : failCall(cli, changed.fault);
}

// `--owns ""` is how a shell says none.
function namedOwners(owns: readonly string[]): readonly string[] {
  return [...new Set(owns)].filter((owner) => owner !== '');
}
