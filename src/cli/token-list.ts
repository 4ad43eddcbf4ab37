import type { Command } from 'commander';
import { endpoints, type TokenAnswer } from '../api/contract/index.ts';
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

const columns = ['id', 'person', 'label', 'state', 'scopes', 'ends', 'createdBy'] as const;
const csvColumns = ['id', 'person', 'label', 'isLive', 'scopes', 'createdAt', 'createdBy', 'expiresAt'] as const;

interface TokenListFlags extends ListFlags {
  readonly person?: string;
}

/** Adds `exeat token list`: whose tokens there are and when they end, never a secret. */
export function registerTokenList(parent: Command, cli: Cli): void {
  addListCommand(parent, 'list', 'list tokens with their ends')
    .option('--person <id>', 'only of this person')
    .action((flags: TokenListFlags) => runWithApi(cli, flags, (client) => list(cli, client, flags)));
}

/** Adds `exeat token revoke ID`. */
export function registerTokenRevoke(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'revoke', 'end a token now')
    .argument('<id>', 'id of the token, as `exeat token list` shows it')
    .option('--reason <text>', 'why, for the log of acts')
    .action((id: string, flags: ApiFlags & { readonly reason?: string }) =>
      runWithApi(cli, flags, (client) => revoke(cli, client, id, flags.reason ?? null)),
    );
}

/** Adds `exeat token whoami`: who the API takes you for. */
export function registerTokenWhoami(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'whoami', 'say whose token this is and what it may be used for').action((flags: ApiFlags) =>
    runWithApi(cli, flags, (client) => tellWho(cli, client)),
  );
}

async function list(cli: Cli, client: ApiClient, { person, limit }: TokenListFlags): Promise<ExitCode> {
  return printPages(cli, limit, (page) => client.call(endpoints.listTokens, { query: { ...page, person } }), {
    columns,
    csvColumns,
    row: (token) => tokenRow(token, cli.io.now()),
  });
}

async function revoke(cli: Cli, client: ApiClient, id: string, reason: string | null): Promise<ExitCode> {
  const revoked = await client.call(endpoints.revokeToken, { params: { id }, body: { reason } });
  if (!revoked.ok) return failCall(cli, revoked.fault);
  const token = revoked.value.body;
  cli.printObject({ ...token }, () => formatTable(columns, [tokenRow(token, cli.io.now())]));
  return exitCodes.ok;
}

async function tellWho(cli: Cli, client: ApiClient): Promise<ExitCode> {
  const who = await client.call(endpoints.whoAmI, {});
  if (!who.ok) return failCall(cli, who.fault);
  const { person, scopes } = who.value.body;
  const rows: readonly Row[] = [
    { what: 'person', is: `${person.id} (${person.name})` },
    { what: 'roles', is: person.roles },
    { what: 'acts for', is: person.owns },
    { what: 'linked to', is: person.linkedTo },
    { what: 'scopes of the token', is: scopes },
  ];
  cli.printObject({ person, scopes }, () => formatTable(['what', 'is'], rows));
  return exitCodes.ok;
}

function tokenRow(token: TokenAnswer, nowMs: number): Row {
  const { id, person, label, scopes, createdBy, expiresAt, isLive } = token;
  return { id, person, label, state: isLive ? 'live' : 'ended', scopes, ends: whenText(expiresAt, nowMs), createdBy };
}
