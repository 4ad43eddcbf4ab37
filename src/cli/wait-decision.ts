import { setTimeout as sleep } from 'node:timers/promises';
import { type ExceptionAnswer, endpoints } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { failCall } from './api-command.ts';
import type { Cli } from './cli.ts';
import { printException } from './exception-text.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

// Soon enough for whoever watches, and no load: people take minutes.
const firstPauseMs = 250;
const longestPauseMs = 5_000;

// Nobody answered, which a restart of control mends; anything that was answered stays so.
const passing: ReadonlySet<string> = new Set([
  'unreachable',
  'connection_broken',
  'timed_out',
  'unavailable',
  'too_many_attempts',
]);

/**
 * Waits until somebody has decided, and prints what became of it. Exit code: 0 approved or active, 5 denied or otherwise over, 6 when
 * nobody had decided after `waitMs`.
 */
export async function waitForDecision(
  cli: Cli,
  client: ApiClient,
  asked: ExceptionAnswer,
  waitMs: number,
): Promise<ExitCode> {
  const endMs = performance.now() + waitMs;
  let one = asked;
  cli.io.writeError(`exeat: waiting for a decision on ${asked.id}; it goes on without this\n`);
  for (
    let pauseMs = firstPauseMs;
    exitCodeOf(one) === exitCodes.pending;
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  ) {
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) break;
    await sleep(Math.min(pauseMs, leftMs));
    const shown = await client.call(endpoints.showException, { params: { id: asked.id } });
    if (shown.ok) one = shown.value.body;
    else if (!passing.has(shown.fault.code)) return failCall(cli, shown.fault);
  }
  printException(cli, one);
  return exitCodeOf(one);
}

function exitCodeOf({ status }: ExceptionAnswer): ExitCode {
  if (status === 'pending') return exitCodes.pending;
  return status === 'approved' || status === 'active' ? exitCodes.ok : exitCodes.denied;
}
