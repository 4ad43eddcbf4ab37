import type { Command } from 'commander';
import { endpoints, type Narrowing } from '../api/contract/index.ts';
import { ok, type Result } from '../base/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import { parseCap, parseSeconds } from './api-options.ts';
import type { Cli } from './cli.ts';
import { addConfirmOptions, type ConfirmFlags, confirmAct } from './confirm-act.ts';
import { printException } from './exception-text.ts';
import type { ExitCode } from './exit-codes.ts';
import { addDigestOption, lookAt } from './look-at.ts';

interface ApproveFlags extends ApiFlags, ConfirmFlags {
  readonly digest?: string;
  readonly for?: string;
  readonly to?: string;
  readonly bytesUp?: string;
  readonly bytesDown?: string;
  readonly reason?: string;
}

/** Adds `exeat exception approve ID`: approves what is shown, or less of it. */
export function registerExceptionApprove(parent: Command, cli: Cli): void {
  const command = addApiCommand(parent, 'approve', 'approve what somebody else asked for, or less of it');
  addConfirmOptions(addDigestOption(command.argument('<id>', 'id of the exception')))
    .option('--for <duration>', 'shorter than asked')
    .option('--to <target>', 'less than asked: one host of a wildcard, one port of a range')
    .option('--bytes-up <size>', 'a lower cap')
    .option('--bytes-down <size>', 'a lower cap')
    .option('--reason <text>', 'why, for the log of acts')
    .addHelpText(
      'after',
      '\nWhat is approved is shown on stderr, and the approval binds to it: whatever changes in between is refused.\n\nExamples:\n  exeat exception show 01KB0Z2Q6W7V8X9Y0A1B2C3D4E\n  exeat exception approve 01KB0Z2Q6W7V8X9Y0A1B2C3D4E --digest sha256:… --for 4h\n',
    )
    .action((id: string, flags: ApproveFlags) => runWithApi(cli, flags, (client) => approve(cli, client, id, flags)));
}

async function approve(cli: Cli, client: ApiClient, id: string, flags: ApproveFlags): Promise<ExitCode> {
  const narrow = readNarrowing(flags);
  if (!narrow.ok) return cli.fail(narrow.fault);
  const seen = await lookAt(cli, client, id, { doing: 'approving', digest: flags.digest });
  if (!seen.ok) return failCall(cli, seen.fault);
  const { digest, policyVersion } = seen.value;
  const body = { digest, policyVersion, reason: flags.reason ?? null, narrow: narrow.value };
  const act = { act: 'approveException', id, body: { ...body, narrow: narrow.value && { ...narrow.value } } } as const;
  const confirmed = await confirmAct(cli, client, act, flags);
  if (!confirmed.ok) return failCall(cli, confirmed.fault);
  const approved = await client.call(endpoints.approveException, {
    params: { id },
    body: { ...body, ...confirmed.value },
  });
  return approved.ok ? printException(cli, approved.value.body) : failCall(cli, approved.fault);
}

/** What the approver takes away, null for nothing. Faults: a duration or size that is malformed. */
function readNarrowing(flags: ApproveFlags): Result<Narrowing | null> {
  let narrow: Narrowing = flags.to === undefined ? {} : { to: flags.to };
  if (flags.for !== undefined) {
    const duration = parseSeconds('--for', flags.for);
    if (!duration.ok) return duration;
    narrow = { ...narrow, durationSeconds: duration.value };
  }
  for (const [flag, key] of caps) {
    const text = flags[key];
    if (text === undefined) continue;
    const cap = parseCap(flag, text);
    if (!cap.ok) return cap;
    narrow = { ...narrow, [key]: cap.value };
  }
  return ok(Object.keys(narrow).length === 0 ? null : narrow);
}

const caps = [
  ['--bytes-up', 'bytesUp'],
  ['--bytes-down', 'bytesDown'],
] as const;
