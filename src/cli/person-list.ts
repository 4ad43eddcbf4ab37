import type { Command } from 'commander';
import { endpoints, type PersonAnswer } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { addListCommand, type ListFlags, printPages, runWithApi } from './api-command.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { formatTable, type Row } from './table.ts';
import { whenText } from './when-text.ts';

const columns = ['id', 'name', 'state', 'roles', 'owns', 'linkedTo', 'created', 'createdBy'] as const;
const csvColumns = ['id', 'name', 'isDisabled', 'roles', 'owns', 'linkedTo', 'createdAt', 'createdBy'] as const;

/** Adds `exeat person list`: who may do what, and who counts as one person when deciding. */
export function registerPersonList(parent: Command, cli: Cli): void {
  addListCommand(parent, 'list', 'list people with their roles').action((flags: ListFlags) =>
    runWithApi(cli, flags, (client) => list(cli, client, flags)),
  );
}

/** Prints one person by `-o`. */
export function printPerson(cli: Cli, person: PersonAnswer): ExitCode {
  cli.printObject({ ...person }, () => formatTable(columns, [personRow(person, cli.io.now())]));
  return exitCodes.ok;
}

async function list(cli: Cli, client: ApiClient, { limit }: ListFlags): Promise<ExitCode> {
  return printPages(cli, limit, (page) => client.call(endpoints.listPeople, { query: page }), {
    columns,
    csvColumns,
    row: (person) => personRow(person, cli.io.now()),
  });
}

function personRow(person: PersonAnswer, nowMs: number): Row {
  const { id, name, roles, owns, linkedTo, isDisabled, createdAt, createdBy } = person;
  const state = isDisabled ? 'disabled' : 'enabled';
  return { id, name, state, roles, owns, linkedTo, created: whenText(createdAt, nowMs), createdBy };
}
