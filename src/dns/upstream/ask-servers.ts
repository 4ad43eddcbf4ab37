import { type Attempt, failedBecause, letGo, type Outcome } from './attempt.ts';
import type { UpstreamQuestion } from './query.ts';
import type { HealthBook } from './server-health.ts';
import type { ServerLine } from './server-line.ts';

/** How to ask. `attemptMs` bounds one exchange; `deadlineMs` is an instant of `performance.now()` that bounds them all. */
export interface AskContext {
  /** Best first. */
  readonly lines: readonly ServerLine[];
  readonly health: HealthBook;
  readonly attemptMs: number;
  readonly deadlineMs: number;
  /** After how long a second server is asked as well, in milliseconds. */
  readonly hedgeMs: number;
  /** Told of each attempt, and whether it backs a slow one. */
  readonly onAttempt: (isHedge: boolean) => void;
  readonly onDropped: () => void;
  /** Ends everything when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** What came of a question, and who said it. */
export interface Asked {
  readonly outcome: Outcome;
  readonly server: string;
  readonly tookMs: number;
}

/** One turn of a server. */
interface Turn {
  readonly line: ServerLine;
  readonly byTcp: boolean;
}

interface Running {
  readonly turn: Turn;
  readonly startedAtMs: number;
  readonly stop: AbortController;
}

/** A slow server is backed by one other; more would turn one slow name into load for all. */
const maxRunning = 2;

/**
 * Asks servers in turn until one can say, or time is up: each one once, then each one again, by TCP where UDP was tried, which passes where
 * UDP or its letter case does not. The next one is asked when one fails, and as well when one has not answered soon. The first answer
 * wins, and what else runs is let go. Never rejects.
 */
export function askServers(question: UpstreamQuestion, context: AskContext): Promise<Asked> {
  return new Promise((resolve) => runRace(question, context, resolve));
}

function runRace(question: UpstreamQuestion, context: AskContext, resolve: (asked: Asked) => void): void {
  const turns = turnsOf(context.lines);
  const running = new Set<Running>();
  let last: Outcome = failedBecause('there is no DNS server to ask');
  let hedge: NodeJS.Timeout | undefined;
  const finish = (outcome: Outcome, winner: Running | null): void => {
    clearTimeout(hedge);
    context.signal.removeEventListener('abort', onAbort);
    const tookMs = winner === null ? 0 : performance.now() - winner.startedAtMs;
    for (const one of running) letOthersGo(one, winner, context.health);
    running.clear();
    resolve({ outcome, server: winner?.turn.line.server.text ?? '', tookMs });
  };
  const onAbort = (): void => finish(letGo, null);
  const isNextFree = (): boolean =>
    turns[0] !== undefined &&
    running.size < maxRunning &&
    ![...running].some((one) => one.turn.line === turns[0]?.line);
  const goOn = (isHedge: boolean): void => {
    clearTimeout(hedge);
    const next = isNextFree() && performance.now() < context.deadlineMs ? turns.shift() : undefined;
    if (next !== undefined) start(next, isHedge);
    if (running.size === 0) finish(last, null);
    else if (isNextFree()) hedge = setTimeout(() => goOn(true), context.hedgeMs);
  };
  const start = (turn: Turn, isHedge: boolean): void => {
    const own: Running = { turn, startedAtMs: performance.now(), stop: new AbortController() };
    running.add(own);
    context.onAttempt(isHedge);
    context.health.noteAsked(turn.line.server);
    turn.line.ask(question, attemptOf(context, own.stop.signal), turn.byTcp).then(
      (outcome) => onOutcome(own, outcome),
      // Lines do not reject; should one have a bug, the question must not hang for that.
      (error: unknown) => onOutcome(own, failedBecause(`the server could not be asked (${String(error)})`)),
    );
  };
  const onOutcome = (own: Running, outcome: Outcome): void => {
    // Let go of, or the race is over.
    if (!running.has(own)) return;
    running.delete(own);
    context.health.noteOutcome(own.turn.line.server, outcome, performance.now() - own.startedAtMs);
    last = outcome;
    if (outcome.kind === 'answer') finish(outcome, own);
    else goOn(false);
  };
  context.signal.addEventListener('abort', onAbort);
  if (context.signal.aborted) onAbort();
  else goOn(false);
}

function turnsOf(lines: readonly ServerLine[]): Turn[] {
  return [false, true].flatMap((byTcp) => lines.map((line) => ({ line, byTcp })));
}

function attemptOf(context: AskContext, signal: AbortSignal): Attempt {
  return { attemptMs: context.attemptMs, deadlineMs: context.deadlineMs, signal, onDropped: context.onDropped };
}

function letOthersGo(one: Running, winner: Running | null, health: HealthBook): void {
  // Outrun by a server that started later: without this a dead server would cost every name the wait for the hedge.
  if (winner !== null && one.startedAtMs < winner.startedAtMs) health.noteOutrun(one.turn.line.server);
  one.stop.abort();
}
