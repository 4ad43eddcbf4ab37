import type { Command } from 'commander';
import { endpoints, type KeyAnswer } from '../api/contract/index.ts';
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
import { makeKeyFile, readPassphrase } from './break-glass-key.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { formatTable, type Row } from './table.ts';
import { whenText } from './when-text.ts';

const columns = ['id', 'person', 'state', 'enrolled', 'enrolledBy'] as const;
const csvColumns = ['id', 'person', 'isLive', 'enrolledAt', 'enrolledBy', 'publicKey'] as const;

interface EnrolFlags extends ApiFlags {
  readonly person: string;
  readonly key: string;
}

/** Adds `exeat break-glass keygen --out FILE`: asks nobody; an admin enrols the public half. */
export function registerBreakGlassKeygen(parent: Command, cli: Cli): void {
  parent
    .command('keygen')
    .description('make your key for break-glass; its public half goes to stdout, for an admin to enrol')
    .requiredOption('--out <file>', 'new file for the private key, mode 0600')
    .addHelpText(
      'after',
      '\nThe file that EXEAT_KEY_PASSPHRASE_FILE names holds the passphrase; without it the key is as safe as the file.\n\nExamples:\n  EXEAT_KEY_PASSPHRASE_FILE=~/passphrase exeat break-glass keygen --out ~/.exeat/break-glass.pem\n',
    )
    .action(({ out }: { readonly out: string }) => cli.run(() => keygen(cli, out)));
}

/** Adds `exeat break-glass enrol`: an admin enrols somebody else's key. */
export function registerBreakGlassEnrol(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'enrol', 'enrol somebody else’s key for break-glass')
    .requiredOption('--person <id>', 'whose it is')
    .requiredOption('--key <public>', 'the public key that their `break-glass keygen` printed')
    .action((flags: EnrolFlags) =>
      runWithApi(cli, flags, async (client) => {
        const { person, key: publicKey } = flags;
        const done = await client.call(endpoints.enrolKey, { body: { person, publicKey } });
        return done.ok ? printKey(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

/** Adds `exeat break-glass keys`: who is enrolled. */
export function registerBreakGlassKeys(parent: Command, cli: Cli): void {
  addListCommand(parent, 'keys', 'list who is enrolled for break-glass').action((flags: ListFlags) =>
    runWithApi(cli, flags, (client) => list(cli, client, flags)),
  );
}

/** Adds `exeat break-glass revoke-key ID`. */
export function registerBreakGlassRevokeKey(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'revoke-key', 'take an enrolled key away')
    .argument('<id>', 'id of the key, as `break-glass keys` lists it')
    .requiredOption('--reason <text>', 'why, for the log of acts')
    .action((id: string, flags: ApiFlags & { readonly reason: string }) =>
      runWithApi(cli, flags, async (client) => {
        const done = await client.call(endpoints.revokeKey, { params: { id }, body: { reason: flags.reason } });
        return done.ok ? printKey(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

function keygen(cli: Cli, path: string): ExitCode {
  const passphrase = readPassphrase(cli.io.env);
  if (!passphrase.ok) return cli.fail(passphrase.fault);
  const made = makeKeyFile(path, passphrase.value);
  if (!made.ok) return cli.fail(made.fault);
  const isLocked = passphrase.value !== null;
  cli.io.writeError(
    `exeat: the private key is in \`${path}\`${isLocked ? ', under its passphrase' : ', NOT LOCKED by a passphrase'}\n`,
  );
  cli.printObject({ publicKey: made.value, file: path, isLocked }, () => `${made.value}\n`);
  return exitCodes.ok;
}

async function list(cli: Cli, client: ApiClient, { limit }: ListFlags): Promise<ExitCode> {
  return printPages(cli, limit, (page) => client.call(endpoints.listKeys, { query: page }), {
    columns,
    csvColumns,
    row: (key) => keyRow(key, cli.io.now()),
  });
}

function printKey(cli: Cli, key: KeyAnswer): ExitCode {
  cli.printObject({ ...key }, () => formatTable(columns, [keyRow(key, cli.io.now())]));
  return exitCodes.ok;
}

function keyRow({ id, person, isLive, enrolledAt, enrolledBy }: KeyAnswer, nowMs: number): Row {
  return { id, person, state: isLive ? 'live' : 'revoked', enrolled: whenText(enrolledAt, nowMs), enrolledBy };
}
