import { failed, fault, ok, type Result } from '../../base/index.ts';
import { lowerName, readPlainName, writeName } from '../../wire/index.ts';
import { type Asked, askServers } from './ask-servers.ts';
import { createInFlight } from './in-flight.ts';
import { createLinePool } from './line-pool.ts';
import type { UpstreamQuestion } from './query.ts';
import { restoreSpelling } from './restore-spelling.ts';
import { createServerBook } from './server-book.ts';
import { createHealthBook } from './server-health.ts';
import type { UpstreamAnswer, UpstreamFault, UpstreamOptions, Upstreams } from './upstreams.ts';

type AskResult = Result<UpstreamAnswer, UpstreamFault>;

/** A server that has not answered by then rarely does; clients retry sooner than twice this. */
const defaultAttemptMs = 2000;
/** Below the patience of common clients (curl has no limit, most others 10 s and more). */
const defaultTotalMs = 5000;
/** Longer than a server that knows the answer takes, over any line on Earth; shorter than people notice. */
const defaultHedgeMs = 300;
const defaultMaxInFlight = 1000;
/** Ten domains whose servers never answer can stand at the same time before others feel it. */
const defaultMaxInFlightPerDomain = 100;
/** As many as may be asked at all, so that one server alone can carry them. */
const defaultMaxPipelined = 1000;
/** Long enough for the pauses of a quiet network; servers end idle connections as they like (RFC 7766 section 6.2.3). */
const defaultIdleMs = 30_000;

const givenUp = failed(fault('question_given_up', 'nobody waits for the answer any more'));
const closed = failed(fault('upstream_closed', 'the resolver is closed'));
const busy = failed(fault('upstream_busy', 'too many questions are being asked'));
const malformed = failed(fault('question_malformed', 'the question is not one that DNS can hold'));

/**
 * Makes what asks upstream servers. Equal questions that are asked at the same time are asked once. Throws a `TypeError` for a server that
 * is none; configuration checks them first.
 */
export function createUpstreams(options: UpstreamOptions): Upstreams {
  const full = withDefaults(options);
  const health = createHealthBook(full.clock);
  const pool = createLinePool(full);
  const book = createServerBook({
    ...full,
    onChange: (servers) => {
      pool.keepOnly(servers);
      health.keepOnly(servers);
    },
  });
  const inFlight = createInFlight<AskResult>(full);
  const counts = { asked: 0, shared: 0, answered: 0, failed: 0, refused: 0, attempts: 0, hedged: 0, dropped: 0 };
  let isClosed = false;
  const onAttempt = (isHedge: boolean): void => {
    counts.attempts += 1;
    if (isHedge) counts.hedged += 1;
  };
  const onDropped = (): void => {
    counts.dropped += 1;
  };
  const askNow = async (question: UpstreamQuestion, signal: AbortSignal): Promise<AskResult> => {
    const lines = health.ordered(book.serversFor(question.name)).map(pool.lineTo);
    const deadlineMs = performance.now() + full.totalMs;
    const asked = await askServers(question, { ...full, lines, health, deadlineMs, onAttempt, onDropped, signal });
    const result = isClosed ? closed : toResult(question, asked);
    counts[result.ok ? 'answered' : 'failed'] += 1;
    return result;
  };
  return {
    ask: async (asked, signal) => {
      const question = canonical(asked);
      if (question === null) return malformed;
      if (isClosed) return closed;
      if (signal?.aborted === true) return givenUp;
      counts.asked += 1;
      const running = inFlight.find(question);
      if (running !== null) counts.shared += 1;
      const work = running ?? inFlight.begin(question, (stop) => askNow(question, stop));
      if (work !== null) return work.join(signal, givenUp);
      counts.refused += 1;
      return busy;
    },
    counts: () => ({ ...counts, inFlight: inFlight.size }),
    health: () => book.all().map(health.healthOf),
    close: () => {
      isClosed = true;
      inFlight.stopAll();
      pool.close();
    },
  };
}

function withDefaults(options: UpstreamOptions): Required<UpstreamOptions> {
  return {
    clock: options.clock,
    servers: options.servers ?? null,
    forward: options.forward ?? new Map(),
    authorities: options.authorities ?? null,
    attemptMs: options.attemptMs ?? defaultAttemptMs,
    totalMs: options.totalMs ?? defaultTotalMs,
    hedgeMs: options.hedgeMs ?? defaultHedgeMs,
    maxInFlight: options.maxInFlight ?? defaultMaxInFlight,
    maxInFlightPerDomain: options.maxInFlightPerDomain ?? defaultMaxInFlightPerDomain,
    maxPipelined: options.maxPipelined ?? defaultMaxPipelined,
    idleMs: options.idleMs ?? defaultIdleMs,
    systemFile: options.systemFile ?? '/etc/resolv.conf',
  };
}

/** The question with its name in the one spelling that `readMessage` gives, lower case; null when DNS cannot hold it. */
function canonical({ name, type }: UpstreamQuestion): UpstreamQuestion | null {
  const written = writeName(name);
  const read = written === null ? null : readPlainName(written, 0);
  if (read === null || !Number.isInteger(type) || type < 1 || type > 65_535) return null;
  return { name: lowerName(read.text), type };
}

function toResult(question: UpstreamQuestion, { outcome, server, tookMs }: Asked): AskResult {
  if (outcome.kind === 'failed') return failed(fault('upstream_failed', outcome.why));
  const message = restoreSpelling(outcome.message, question.name);
  return ok({ message, server, transport: outcome.transport, tookMs });
}
