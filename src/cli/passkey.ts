import type { Command } from 'commander';
import { endpoints, type PasskeyAnswer } from '../api/contract/index.ts';
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
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { formatTable, type Row } from './table.ts';
import { whenText } from './when-text.ts';

const columns = ['id', 'person', 'name', 'state', 'breakGlass', 'registered', 'lastUsed'] as const;
const csvColumns = ['id', 'person', 'name', 'isLive', 'isEnrolled', 'registeredAt', 'lastUsedAt'] as const;

interface PasskeyListFlags extends ListFlags {
  readonly person?: string;
}

/** Adds `exeat passkey list`: whose passkeys there are, and whether each still counts. */
export function registerPasskeyList(parent: Command, cli: Cli): void {
  addListCommand(parent, 'list', 'list passkeys, removed ones too')
    .option('--person <id>', 'only of this person')
    .action((flags: PasskeyListFlags) => runWithApi(cli, flags, (client) => list(cli, client, flags)));
}

/** Adds `exeat passkey remove ID`: of your own, and by an admin of somebody who has lost the device. */
export function registerPasskeyRemove(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'remove', 'remove a passkey: yours, or as an admin that of somebody who has lost it')
    .argument('<id>', 'id of the passkey, as `exeat passkey list` shows it')
    .addHelpText(
      'after',
      '\nIt counts for nothing from then on. Your token confirms it. Where you remove your last one so, requests of high tiers wait a day for you; an\nadmin who removes one counts as linked to its person for 30 days. New ones are registered in the console.\n\nExamples:\n  exeat passkey list --person ana\n  exeat passkey remove 01J8ZQ4W3E2R1T0Y9U8I7O6P5A\n',
    )
    .action((id: string, flags: ApiFlags) =>
      runWithApi(cli, flags, async (client) => {
        const done = await client.call(endpoints.removePasskey, { params: { id }, body: {} });
        return done.ok ? print(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

/** Adds `exeat passkey enrol ID`: an admin lets somebody declare break-glass by it. */
export function registerPasskeyEnrol(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'enrol', 'let the person of a passkey declare break-glass by it')
    .argument('<id>', 'id of the passkey, as `exeat passkey list` shows it')
    .action((id: string, flags: ApiFlags) =>
      runWithApi(cli, flags, async (client) => {
        const done = await client.call(endpoints.enrolPasskey, { params: { id } });
        return done.ok ? print(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

async function list(cli: Cli, client: ApiClient, { person, limit }: PasskeyListFlags): Promise<ExitCode> {
  return printPages(cli, limit, (page) => client.call(endpoints.listPasskeys, { query: { ...page, person } }), {
    columns,
    csvColumns,
    row: (passkey) => rowOf(passkey, cli.io.now()),
  });
}

function print(cli: Cli, passkey: PasskeyAnswer): ExitCode {
  cli.printObject({ ...passkey }, () => formatTable(columns, [rowOf(passkey, cli.io.now())]));
  return exitCodes.ok;
}

function rowOf(passkey: PasskeyAnswer, nowMs: number): Row {
  const { id, person, name, isLive, isEnrolled, registeredAt, lastUsedAt } = passkey;
  return {
    ...{ id, person, name },
    state: isLive ? 'live' : 'removed',
    breakGlass: isEnrolled ? 'declares' : 'no',
    registered: whenText(registeredAt, nowMs),
    lastUsed: lastUsedAt === null ? 'never' : whenText(lastUsedAt, nowMs),
  };
}
