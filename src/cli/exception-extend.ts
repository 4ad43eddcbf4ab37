import { type Command, Option } from 'commander';
import { endpoints, type ReviewOutcome } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import { parseSeconds } from './api-options.ts';
import type { Cli } from './cli.ts';
import { printException } from './exception-text.ts';
import type { ExitCode } from './exit-codes.ts';

interface ExtendFlags extends ApiFlags {
  readonly for: string;
  readonly reason: string;
  readonly ticket?: string;
}

/** Adds `exeat exception extend ID`: a new request that is linked to it and decided anew. */
export function registerExceptionExtend(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'extend', 'ask for more time: a new request, linked to it and decided anew')
    .argument('<id>', 'id of the exception that goes on')
    .requiredOption('--for <duration>', 'how much longer')
    .requiredOption('--reason <text>', 'why, for those who decide')
    .option('--ticket <text>', 'the change or incident it belongs to')
    .action((id: string, flags: ExtendFlags) => runWithApi(cli, flags, (client) => extend(cli, client, id, flags)));
}

const outcomes: readonly ReviewOutcome[] = ['ok', 'should_be_permanent', 'misuse', 'policy_gap'];

/** Adds `exeat exception review ID`: what became of it, after its end. */
export function registerExceptionReview(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'review', 'say what became of an exception, after its end')
    .argument('<id>', 'id of the exception')
    .addOption(new Option('--outcome <outcome>', 'what it was').choices([...outcomes]).makeOptionMandatory())
    .option('--note <text>', 'what should happen now')
    .action((id: string, flags: ApiFlags & { readonly outcome: ReviewOutcome; readonly note?: string }) =>
      runWithApi(cli, flags, async (client) => {
        const body = { outcome: flags.outcome, note: flags.note ?? null };
        const done = await client.call(endpoints.reviewException, { params: { id }, body });
        return done.ok ? printException(cli, done.value.body) : failCall(cli, done.fault);
      }),
    );
}

async function extend(cli: Cli, client: ApiClient, id: string, flags: ExtendFlags): Promise<ExitCode> {
  const duration = parseSeconds('--for', flags.for);
  if (!duration.ok) return cli.fail(duration.fault);
  const { reason, ticket = null } = flags;
  const asked = await client.call(endpoints.extendException, {
    params: { id },
    body: { durationSeconds: duration.value, reason, ticket },
  });
  return asked.ok ? printException(cli, asked.value.body) : failCall(cli, asked.fault);
}
