import { connect } from 'node:net';
import { type Attempt, failedBecause, type Outcome } from './attempt.ts';
import type { Channel } from './channel.ts';
import type { CookieJar } from './cookies.ts';
import { createFramedLink } from './framed-link.ts';
import { createHttpLink } from './http-link.ts';
import type { Reply } from './judge-response.ts';
import { createLastingChannel } from './lasting-channel.ts';
import type { UpstreamQuestion } from './query.ts';
import { createTlsDialler } from './tls-dialler.ts';
import { createUdpChannel } from './udp-channel.ts';
import type { UpstreamServer } from './upstream-server.ts';

/** The way to one server, over whatever it speaks. */
export interface ServerLine {
  readonly server: UpstreamServer;
  /** Asks once. `byTcp` leaves UDP out, for a server that did not answer there. Never rejects. */
  ask(question: UpstreamQuestion, attempt: Attempt, byTcp: boolean): Promise<Outcome>;
  /** Fails what waits on a connection, and closes it. */
  close(): void;
}

/** What all lines share. */
export interface LineContext {
  readonly cookies: CookieJar;
  /** Who may sign certificates of servers, PEM; null for those that the platform trusts. */
  readonly authorities: readonly string[] | null;
  /** Questions waiting on one connection at once. */
  readonly maxPipelined: number;
  /** How long a connection is kept without questions, in milliseconds. */
  readonly idleMs: number;
}

/** Makes the line to a server. */
export function createServerLine(server: UpstreamServer, context: LineContext): ServerLine {
  if (server.transport === 'udp') return createUdpLine(server, context);
  const channel = createConnectedChannel(server, context);
  return {
    server,
    ask: async (question, attempt) => asOutcome(await converse(channel, question, attempt)),
    close: () => channel.close(),
  };
}

function createUdpLine(server: UpstreamServer, context: LineContext): ServerLine {
  const udp = createUdpChannel(server, context.cookies);
  const askByTcp = async (question: UpstreamQuestion, attempt: Attempt): Promise<Outcome> => {
    // One question a connection: servers that answer by TCP only now and then are at their best with that.
    const tcp = createTcpFallback(server, context);
    const reply = await converse(tcp, question, attempt);
    tcp.close();
    return asOutcome(reply);
  };
  return {
    server,
    ask: async (question, attempt, byTcp) => {
      if (byTcp) return askByTcp(question, attempt);
      const reply = await converse(udp, question, attempt);
      // Wanting another cookie even now leads to TCP as well (RFC 7873 section 5.3).
      const needsTcp = reply.kind === 'truncated' || reply.kind === 'bad_cookie';
      return needsTcp ? askByTcp(question, attempt) : asOutcome(reply);
    },
    close: () => udp.close(),
  };
}

/** Asks again, once, where the server wants the same question in another form. */
async function converse(channel: Channel, question: UpstreamQuestion, attempt: Attempt): Promise<Reply> {
  const reply = await channel.ask({ question, attempt, hasEdns: true });
  if (reply.kind === 'no_edns') return channel.ask({ question, attempt, hasEdns: false });
  return reply.kind === 'bad_cookie' ? channel.ask({ question, attempt, hasEdns: true }) : reply;
}

function asOutcome(reply: Reply): Outcome {
  if (reply.kind === 'answer' || reply.kind === 'failed') return reply;
  // Truncated over a connection makes no sense, and asking on would go round in circles.
  if (reply.kind === 'truncated') return failedBecause('the server truncated an answer over a connection');
  return failedBecause(`the server answered ${reply.kind === 'no_edns' ? 'FORMERR' : 'BADCOOKIE'}`);
}

function createTcpFallback(server: UpstreamServer, { cookies }: LineContext): Channel {
  return createLastingChannel({
    open: (events) => createFramedLink(connect({ host: server.address, port: server.port }), events),
    transport: 'tcp',
    usesIds: true,
    maxInFlight: 1,
    idleMs: 0,
    cookies: {
      own: () => cookies.cookieFor(server.text),
      take: (cookie) => cookies.takeByTcp(server.text, cookie),
    },
  });
}

function createConnectedChannel(server: UpstreamServer, context: LineContext): Channel {
  const lasting = { maxInFlight: context.maxPipelined, idleMs: context.idleMs, cookies: null } as const;
  if (server.transport === 'https') {
    const dial = createTlsDialler(server, { authorities: context.authorities, protocols: ['h2'] });
    return createLastingChannel({
      ...lasting,
      open: (events) => createHttpLink(server, dial, events),
      transport: 'https',
      usesIds: false,
    });
  }
  const dialTls = createTlsDialler(server, { authorities: context.authorities, protocols: [] });
  const dial = (): ReturnType<typeof connect> =>
    server.transport === 'tls' ? dialTls() : connect({ host: server.address, port: server.port });
  const transport = server.transport === 'tls' ? 'tls' : 'tcp';
  return createLastingChannel({
    ...lasting,
    open: (events) => createFramedLink(dial(), events),
    transport,
    usesIds: true,
  });
}
