import type { Command } from 'commander';
import type { Page, PageQuery } from '../api/contract/index.ts';
import { ok, type Result } from '../base/index.ts';
import { readApiAddress } from './api-address.ts';
import { type ApiAnswer, type ApiClient, createApiClient } from './api-client.ts';
import type { ApiFault } from './api-problem.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Row } from './table.ts';

/** The flag of every command that speaks with the API. */
export interface ApiFlags {
  readonly api?: string;
}

/** The flags of a list from the API. */
export interface ListFlags extends ApiFlags {
  readonly limit: string;
}

/** A command that speaks with the API: takes `--api`. */
export function addApiCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--api <url>', 'address of the API (EXEAT_API; default: `console.url` of the configuration)');
}

/** A command that lists from the API: takes `--api` and `--limit`. */
export function addListCommand(parent: Command, name: string, description: string): Command {
  return addApiCommand(parent, name, description).option('--limit <count>', 'list at most so many', '200');
}

/** Runs the work of a command with a client; faults of address and configuration are told here. */
export function runWithApi(cli: Cli, flags: ApiFlags, work: (client: ApiClient) => Promise<ExitCode>): Promise<void> {
  return cli.run(async () => {
    const client = connectApi(cli, flags.api ?? null);
    return client === null ? exitCodes.error : work(client);
  });
}

/** A client for the API that flag, environment or configuration name; null after the fault was told. */
export function connectApi(cli: Cli, flag: string | null): ApiClient | null {
  const base = readApiAddress({ flag, env: cli.io.env, configured: () => cli.config()?.console.url ?? null });
  if (base === null) return null;
  if (base.ok) return createApiClient(cli.io, base.value);
  cli.fail(base.fault);
  return null;
}

/** Tells why a call gave no answer, and gives what the command ends with. */
export function failCall(cli: Cli, fault: ApiFault): ExitCode {
  cli.fail(fault);
  return fault.exitCode;
}

// Whoever wants more asks with `-o json` and narrower questions; an endless list would not be read.
const mostListed = 10_000;
const pageItems = 500;

// Everything that a list has, page by page, up to `--limit`.
interface Listed<Item> {
  readonly items: readonly Item[];
  readonly hasMore: boolean;
}

/** Asks a list for its pages up to `--limit` and prints it by `-o`. `read` asks for one page. */
export async function printPages<Item extends object>(
  cli: Cli,
  limit: string,
  read: (page: PageQuery) => Promise<Result<ApiAnswer<Page<Item>>, ApiFault>>,
  form: ListForm<Item>,
): Promise<ExitCode> {
  const most = readLimit(cli, limit);
  if (most === null) return exitCodes.error;
  const listed = await readPages(read, most);
  return listed.ok ? printList(cli, listed.value, form) : failCall(cli, listed.fault);
}

// Asks a list for its pages until `most` items are there.
async function readPages<Item>(
  read: (page: PageQuery) => Promise<Result<ApiAnswer<Page<Item>>, ApiFault>>,
  most: number,
): Promise<Result<Listed<Item>, ApiFault>> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: Math.min(pageItems, most - items.length), cursor });
    if (!page.ok) return page;
    const { body } = page.value;
    items.push(...body.items);
    // An empty page that promises more would be asked for ever.
    cursor = body.items.length === 0 ? undefined : (body.next ?? undefined);
  } while (cursor !== undefined && items.length < most);
  return ok({ items, hasMore: cursor !== undefined });
}

// A whole number from 1 to 10,000, null after the fault was told.
function readLimit(cli: Cli, text: string): number | null {
  const most = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (most >= 1 && most <= mostListed) return most;
  cli.fail({ message: `--limit \`${text}\` is not a whole number from 1 to ${mostListed}` });
  return null;
}

/** How a list is printed: its columns for people, its columns for spreadsheets, and an item as a line for people. */
export interface ListForm<Item> {
  readonly columns: readonly string[];
  readonly csvColumns: readonly string[];
  readonly row: (item: Item) => Row;
}

// People get rows made for them, programs the items as the API told them.
function printList<Item extends object>(cli: Cli, listed: Listed<Item>, form: ListForm<Item>): ExitCode {
  const isForPeople = cli.flags().output === 'table';
  const rows = listed.items.map(
    (item): Row => (isForPeople ? form.row(item) : Object.fromEntries(Object.entries(item))),
  );
  cli.printRows(isForPeople ? form.columns : form.csvColumns, rows);
  if (listed.hasMore) cli.io.writeError(`# ${listed.items.length} are listed and there are more: raise \`--limit\`\n`);
  return exitCodes.ok;
}
