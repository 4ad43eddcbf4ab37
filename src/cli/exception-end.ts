import type { Command } from 'commander';
import { type ExceptionAnswer, endpoints } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import type { Cli } from './cli.ts';
import { exceptionColumns, exceptionCsvColumns, exceptionRow, printException } from './exception-text.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

interface ReasonFlags extends ApiFlags {
  readonly reason: string;
}

/** Adds `exeat exception withdraw ID`: whoever asked takes it back. */
export function registerExceptionWithdraw(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'withdraw', 'take your request back')
    .argument('<id>', 'id of the exception')
    .requiredOption('--reason <text>', 'why, for the log of acts')
    .action((id: string, flags: ReasonFlags) =>
      runWithApi(cli, flags, async (client) => {
        const { reason } = flags;
        const done = await client.call(endpoints.withdrawException, { params: { id }, body: { reason } });
        return done.ok ? printException(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

/** Adds `exeat exception suspend ID`: holds it; its end does not move. */
export function registerExceptionSuspend(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'suspend', 'hold an exception; it still ends when it would have')
    .argument('<id>', 'id of the exception')
    .requiredOption('--reason <text>', 'why, for the log of acts')
    .action((id: string, flags: ReasonFlags) =>
      runWithApi(cli, flags, async (client) => {
        const { reason } = flags;
        const done = await client.call(endpoints.suspendException, { params: { id }, body: { reason } });
        return done.ok ? printException(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

/** Adds `exeat exception revoke ID…`: ends them now; their connections are cut. */
export function registerExceptionRevoke(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'revoke', 'end exceptions now; their connections are cut within a second')
    .argument('<id...>', 'ids of exceptions')
    .requiredOption('--reason <text>', 'why, for the log of acts')
    .addHelpText(
      'after',
      '\nEach is ended by itself: one that cannot be is told, and the others are ended all the same.\n\nExamples:\n  exeat exception revoke 01KB0Z2Q6W7V8X9Y0A1B2C3D4E --reason "the test is done"\n',
    )
    .action((ids: readonly string[], flags: ReasonFlags) =>
      runWithApi(cli, flags, (client) => revoke(cli, client, ids, flags.reason)),
    );
}

async function revoke(cli: Cli, client: ApiClient, ids: readonly string[], reason: string): Promise<ExitCode> {
  const ended: ExceptionAnswer[] = [];
  let exitCode: ExitCode = exitCodes.ok;
  for (const id of new Set(ids)) {
    const done = await client.call(endpoints.revokeException, { params: { id }, body: { reason } });
    if (done.ok) ended.push(done.value.body);
    else exitCode = failCall(cli, { ...done.fault, message: `\`${id}\`: ${done.fault.message}` });
  }
  const isForPeople = cli.flags().output === 'table';
  const nowMs = cli.io.now();
  const rows = ended.map((one) => (isForPeople ? exceptionRow(one, nowMs) : { ...one }));
  cli.printRows(isForPeople ? exceptionColumns : exceptionCsvColumns, rows);
  return exitCode;
}
