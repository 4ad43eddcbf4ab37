import type { Command } from 'commander';
import { endpoints } from '../api/contract/index.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { cellText } from './table.ts';

/** Adds `exeat clock reset`: believes the wall clock again after it jumped; revives nothing. */
export function registerClockReset(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'reset', 'believe the wall clock again after it jumped; what ended stays ended')
    .requiredOption('--reason <text>', 'why, for the log of acts')
    .action((flags: ApiFlags & { readonly reason: string }) =>
      runWithApi(cli, flags, async (client) => {
        const done = await client.call(endpoints.resetClock, { body: { reason: flags.reason } });
        if (!done.ok) return failCall(cli, done.fault);
        const { before, after } = done.value.body;
        cli.printObject({ before, after }, () => `the kept time was ${cellText(before)} and is ${cellText(after)}\n`);
        return exitCodes.ok;
      }),
    );
}
