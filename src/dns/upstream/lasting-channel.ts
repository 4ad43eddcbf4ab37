import { randomInt } from 'node:crypto';
import { type Attempt, failedBecause, letGo, timedOut, waitWithin } from './attempt.ts';
import { createBackoff } from './backoff.ts';
import type { Channel, ChannelExchange } from './channel.ts';
import { type JudgeContext, judgeResponse, type Reply } from './judge-response.ts';
import type { Link, LinkEvents, OpenLink } from './link.ts';
import { makeQuery } from './query.ts';
import type { UpstreamTransport } from './upstream-server.ts';

/** How to keep a connection. */
export interface LastingOptions {
  readonly open: OpenLink;
  readonly transport: UpstreamTransport;
  /** Whether messages are told apart by their id; without, each id is 0 (RFC 8484 section 4.1). */
  readonly usesIds: boolean;
  /** Questions waiting on the connection at once; the next one fails at once. */
  readonly maxInFlight: number;
  /** How long the connection is kept without questions, in milliseconds; 0 closes it at once. */
  readonly idleMs: number;
  /** Cookies for the query and for judging its response, or null for none. */
  readonly cookies: ChannelCookies | null;
}

/** The cookies of one server over one connection. */
export interface ChannelCookies {
  readonly own: () => Uint8Array;
  readonly take: (cookie: Uint8Array | null) => boolean;
}

interface Waiting {
  readonly context: JudgeContext;
  readonly finish: (reply: Reply) => void;
  readonly attempt: Attempt;
}

/** A link with who waits on it. States: fresh (nothing came yet), proven (something came), and gone once it is not `current` and nobody waits. */
interface Line {
  readonly link: Link;
  readonly waiting: Map<number, Waiting>;
  heardAtMs: number;
  /** Answers to nobody's question; see `maxStray`. */
  stray: number;
}

/** Late answers are stray ones, so some are normal; a server that sends this many floods. */
const maxStray = 1000;

/**
 * Makes the channel for connections: one at a time, dialled when a question comes, many questions at once, closed when idle. A broken one
 * fails what waits; one that could not be used at all is dialled again only after a wait that doubles.
 */
export function createLastingChannel(options: LastingOptions): Channel {
  const backoff = createBackoff();
  let current: Line | null = null;
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;
  const leave = (line: Line): void => {
    if (current === line) current = null;
  };
  const dropLine = (line: Line, why: string): void => {
    leave(line);
    line.link.destroy();
    for (const one of [...line.waiting.values()]) one.finish(failedBecause(why));
  };
  const breakLine = (line: Line, why: string): void => {
    // Never heard of: it was no use to anybody, and dialling it again at once would not be either.
    if (line.heardAtMs === 0) backoff.noteFailure(why);
    dropLine(line, why);
  };
  const openLine = (): Line => {
    const events: LinkEvents = {
      onMessage: (tag, bytes) => {
        if (line.heardAtMs === 0) backoff.noteSuccess();
        line.heardAtMs = performance.now();
        if (!takeMessage(line, tag, bytes)) dropLine(line, 'the server sent answers nobody asked for');
      },
      onFailed: (tag, why) => line.waiting.get(tag)?.finish(failedBecause(why)),
      // Whoever waits may still be answered; with nobody waiting, nothing would end the connection later.
      onRetired: () => (line.waiting.size > 0 ? leave(line) : dropLine(line, 'the server takes no more questions')),
      onBroken: (why) => breakLine(line, why),
    };
    const line: Line = { link: options.open(events), waiting: new Map(), heardAtMs: 0, stray: 0 };
    return line;
  };
  const release = (line: Line, tag: number): void => {
    line.waiting.delete(tag);
    line.link.forget(tag);
    if (line.waiting.size > 0) return;
    const end = (): void => dropLine(line, 'the connection was idle');
    if (current === line && options.idleMs > 0) idle = setTimeout(end, options.idleMs).unref();
    else end();
  };
  const askOn = (line: Line, exchange: ChannelExchange): Promise<Reply> =>
    new Promise((resolve) => {
      const tag = freeTag(line.waiting);
      const context = contextFor(exchange, tag, options);
      const sentAtMs = performance.now();
      const settle = (reply: Reply): void => {
        // Not a byte for that long: the connection is dead without saying so, and whoever comes next should not wait for it as well.
        if (reply === timedOut && line.heardAtMs < sentAtMs) breakLine(line, 'the server did not answer in time');
        resolve(reply);
      };
      const finish = waitWithin<Reply>(exchange.attempt, { settle, release: () => release(line, tag) });
      line.waiting.set(tag, { context, finish, attempt: exchange.attempt });
      line.link.send(tag, context.query.packet);
    });
  return {
    ask: async (exchange) => {
      if (isClosed || exchange.attempt.signal.aborted) return letGo;
      const reason = current === null ? backoff.reason() : null;
      if (reason !== null) return failedBecause(reason);
      current ??= openLine();
      if (current.waiting.size >= options.maxInFlight) return failedBecause('too many questions wait for the server');
      clearTimeout(idle);
      return askOn(current, exchange);
    },
    close: () => {
      isClosed = true;
      clearTimeout(idle);
      if (current !== null) dropLine(current, 'the connection was closed');
    },
  };
}

/** Ids that nobody waits for are plenty: far fewer questions wait than there are ids. */
function freeTag(waiting: ReadonlyMap<number, Waiting>): number {
  let tag = randomInt(65_536);
  while (waiting.has(tag)) tag = (tag + 1) % 65_536;
  return tag;
}

function contextFor({ question, hasEdns }: ChannelExchange, tag: number, options: LastingOptions): JudgeContext {
  const cookies = hasEdns ? options.cookies : null;
  const id = options.usesIds ? tag : 0;
  const query = makeQuery(question, { id, hasRandomCase: false, hasEdns, cookie: cookies?.own() ?? null });
  return { query, transport: options.transport, takeCookie: cookies?.take ?? null };
}

/** Gives a message to whoever waits for it. False once a server sent too many that nobody waits for. */
function takeMessage(line: Line, tag: number, bytes: Uint8Array): boolean {
  const waiting = line.waiting.get(tag);
  if (waiting === undefined) {
    line.stray += 1;
    return line.stray <= maxStray;
  }
  const reply = judgeResponse(bytes, waiting.context);
  if (reply === null) waiting.attempt.onDropped();
  waiting.finish(reply ?? failedBecause('the server answered another question'));
  return true;
}
