import type { Command } from 'commander';
import { endpoints } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import type { Cli } from './cli.ts';
import { addConfirmOptions, type ConfirmFlags, confirmAct } from './confirm-act.ts';
import { printException } from './exception-text.ts';
import type { ExitCode } from './exit-codes.ts';
import { addDigestOption, lookAt } from './look-at.ts';

interface JudgeFlags extends ApiFlags, ConfirmFlags {
  readonly digest?: string;
  readonly reason: string;
}

/** Adds `exeat exception deny ID`. */
export function registerExceptionDeny(parent: Command, cli: Cli): void {
  addJudgement(parent, 'deny', 'deny what was asked').action((id: string, flags: JudgeFlags) =>
    runWithApi(cli, flags, (client) => deny(cli, client, id, flags)),
  );
}

/** Adds `exeat exception resume ID`: a decision like an approval. */
export function registerExceptionResume(parent: Command, cli: Cli): void {
  addConfirmOptions(
    addJudgement(parent, 'resume', 'let a suspended exception go on, until the end it always had'),
  ).action((id: string, flags: JudgeFlags) => runWithApi(cli, flags, (client) => resume(cli, client, id, flags)));
}

/** Adds `exeat break-glass acknowledge ID`: somebody else stands by it, so that it goes on past its first ten minutes. */
export function registerBreakGlassAcknowledge(parent: Command, cli: Cli): void {
  const command = addApiCommand(
    parent,
    'acknowledge',
    'stand by somebody else’s break-glass, so that it outlives ten minutes',
  );
  addConfirmOptions(command.argument('<id>', 'id of the break-glass')).action(
    (id: string, flags: ApiFlags & ConfirmFlags) =>
      runWithApi(cli, flags, (client) => acknowledge(cli, client, id, flags)),
  );
}

function addJudgement(parent: Command, name: string, description: string): Command {
  return addDigestOption(
    addApiCommand(parent, name, description).argument('<id>', 'id of the exception'),
  ).requiredOption('--reason <text>', 'why, for whoever asked');
}

async function deny(cli: Cli, client: ApiClient, id: string, { digest, reason }: JudgeFlags): Promise<ExitCode> {
  const seen = await lookAt(cli, client, id, { doing: 'denying', digest });
  if (!seen.ok) return failCall(cli, seen.fault);
  const denied = await client.call(endpoints.denyException, { params: { id }, body: { reason } });
  return denied.ok ? printException(cli, denied.value.body) : failCall(cli, denied.fault);
}

async function resume(cli: Cli, client: ApiClient, id: string, flags: JudgeFlags): Promise<ExitCode> {
  const seen = await lookAt(cli, client, id, { doing: 'resuming', digest: flags.digest });
  if (!seen.ok) return failCall(cli, seen.fault);
  const { digest, policyVersion } = seen.value;
  const body = { digest, policyVersion, reason: flags.reason };
  const confirmed = await confirmAct(cli, client, { act: 'resumeException', id, body }, flags);
  if (!confirmed.ok) return failCall(cli, confirmed.fault);
  const resumed = await client.call(endpoints.resumeException, {
    params: { id },
    body: { ...body, ...confirmed.value },
  });
  return resumed.ok ? printException(cli, resumed.value.body) : failCall(cli, resumed.fault);
}

async function acknowledge(cli: Cli, client: ApiClient, id: string, flags: ConfirmFlags): Promise<ExitCode> {
  const seen = await lookAt(cli, client, id, { doing: 'standing by', digest: undefined });
  if (!seen.ok) return failCall(cli, seen.fault);
  const confirmed = await confirmAct(cli, client, { act: 'acknowledgeBreakGlass', id, body: {} }, flags);
  if (!confirmed.ok) return failCall(cli, confirmed.fault);
  const done = await client.call(endpoints.acknowledgeBreakGlass, { params: { id }, body: { ...confirmed.value } });
  return done.ok ? printException(cli, done.value.body) : failCall(cli, done.fault);
}
