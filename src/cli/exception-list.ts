import type { Command } from 'commander';
import { type ExceptionQuery, endpoints, type PageQuery } from '../api/contract/index.ts';
import { ok, type Result } from '../base/index.ts';
import type { ApiClient } from './api-client.ts';
import {
  type ApiFlags,
  addApiCommand,
  addListCommand,
  failCall,
  type ListFlags,
  printPages,
  runWithApi,
} from './api-command.ts';
import type { ApiFault } from './api-problem.ts';
import type { Cli } from './cli.ts';
import { exceptionColumns, exceptionCsvColumns, exceptionRow, printException } from './exception-text.ts';
import type { ExitCode } from './exit-codes.ts';

/** The flags that choose exceptions. */
export interface ChoiceFlags extends ListFlags {
  readonly status?: string;
  readonly service?: string;
  readonly owner?: string;
  readonly mine?: boolean;
}

/** Adds the flags that choose exceptions. */
export function addChoiceOptions(command: Command): Command {
  return command
    .option('--status <status>', 'only with this status now, `pending` or `active`')
    .option('--service <service>', 'only of this service')
    .option('--owner <owner>', 'only of this owner')
    .option('--mine', 'only what you asked for');
}

/** Reads the flags that choose exceptions; `--mine` asks who the caller is. */
export async function readChoice(
  client: ApiClient,
  { status, service, owner, mine = false }: ChoiceFlags,
): Promise<Result<Omit<ExceptionQuery, 'limit' | 'cursor'>, ApiFault>> {
  if (!mine) return ok({ status, service, owner });
  const who = await client.call(endpoints.whoAmI, {});
  return who.ok ? ok({ status, service, owner, requester: who.value.body.person.id }) : who;
}

/** Adds `exeat exception list`: the newest first; none is ever deleted. */
export function registerExceptionList(parent: Command, cli: Cli): void {
  addChoiceOptions(addListCommand(parent, 'list', 'list exceptions, the newest first'))
    .addHelpText(
      'after',
      '\nExamples:\n  exeat exception list --status pending\n  exeat exception list --mine\n  exeat exception list --owner team-payments -o csv\n',
    )
    .action((flags: ChoiceFlags) => runWithApi(cli, flags, (client) => list(cli, client, flags)));
}

/** Adds `exeat exception show ID`: everything about one, with the digest that an approval binds to. */
export function registerExceptionShow(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'show', 'show an exception: what it lets out, until when, who decided')
    .argument('<id>', 'id of the exception')
    .action((id: string, flags: ApiFlags) => runWithApi(cli, flags, (client) => show(cli, client, id)));
}

async function list(cli: Cli, client: ApiClient, flags: ChoiceFlags): Promise<ExitCode> {
  const choice = await readChoice(client, flags);
  if (!choice.ok) return failCall(cli, choice.fault);
  const nowMs = cli.io.now();
  const read = (page: PageQuery) => client.call(endpoints.listExceptions, { query: { ...choice.value, ...page } });
  return printPages(cli, flags.limit, read, {
    columns: exceptionColumns,
    csvColumns: exceptionCsvColumns,
    row: (one) => exceptionRow(one, nowMs),
  });
}

async function show(cli: Cli, client: ApiClient, id: string): Promise<ExitCode> {
  const shown = await client.call(endpoints.showException, { params: { id } });
  return shown.ok ? printException(cli, shown.value.body) : failCall(cli, shown.fault);
}
