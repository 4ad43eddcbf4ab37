import { askByTcp, askByUdp, type Exchange, type ExchangeOutcome } from './exchange.ts';
import type { AddressType } from './question.ts';
import type { ServerList } from './server-list.ts';

/** How to ask. `attemptMs` bounds one attempt; `deadlineMs` is an instant of `performance.now()` that bounds them all. */
export interface AskContext {
  readonly servers: ServerList;
  readonly attemptMs: number;
  readonly deadlineMs: number;
  readonly onAttempt: () => void;
  readonly onDropped: () => void;
  readonly signal: AbortSignal;
}

/** Each server is asked this often, by UDP first; a second round goes by TCP, which passes where UDP or its letter case does not. */
const rounds = 2;

/** Asks one server after another until one can say, or time is up. Never rejects. */
export async function askServers(name: string, type: AddressType, context: AskContext): Promise<ExchangeOutcome> {
  let last: ExchangeOutcome = { kind: 'failed', why: 'there is no DNS server to ask' };
  for (let round = 0; round < rounds; round += 1) {
    for (const server of context.servers.ordered()) {
      const timeoutMs = Math.min(context.attemptMs, context.deadlineMs - performance.now());
      if (timeoutMs <= 0 || context.signal.aborted) return last;
      context.onAttempt();
      const exchange = { name, type, server, timeoutMs, onDropped: context.onDropped, signal: context.signal };
      last = await attempt(exchange, round === 0, context);
      if (last.kind !== 'failed') return last;
      context.servers.noteFailure(server);
    }
  }
  return last;
}

async function attempt(exchange: Exchange, isUdp: boolean, context: AskContext): Promise<ExchangeOutcome> {
  const outcome = isUdp ? await askByUdp(exchange) : await askByTcp(exchange);
  if (outcome.kind !== 'truncated') return outcome;
  // Truncated over TCP makes no sense, and asking on would go round in circles.
  if (!isUdp) return { kind: 'failed', why: 'the server truncated an answer over TCP' };
  const timeoutMs = Math.max(1, Math.min(context.attemptMs, context.deadlineMs - performance.now()));
  const full = await askByTcp({ ...exchange, timeoutMs });
  return full.kind === 'truncated' ? { kind: 'failed', why: 'the server truncated an answer over TCP' } : full;
}
