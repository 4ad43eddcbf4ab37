import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { type Attempt, failedBySocket, waitWithin } from './attempt.ts';
import type { Channel } from './channel.ts';
import type { CookieJar } from './cookies.ts';
import { type JudgeContext, judgeResponse, type Reply } from './judge-response.ts';
import { makeQuery } from './query.ts';
import type { UpstreamServer } from './upstream-server.ts';

/**
 * Responses that are not ours, after which UDP is given up: somebody is guessing, and each guess has its chance. TCP, which nobody
 * guesses blindly, is asked instead.
 */
const maxForgeries = 200;

/**
 * Makes the channel for UDP: a fresh socket for each query, so that the kernel picks a random port, connected, so that it takes packets of
 * that server only. Responses that do not match are dropped, and the wait goes on.
 */
export function createUdpChannel(server: UpstreamServer, cookies: CookieJar): Channel {
  return {
    ask: ({ question, attempt, hasEdns }) => {
      const cookie = hasEdns ? cookies.cookieFor(server.text) : null;
      const query = makeQuery(question, { id: randomInt(65_536), hasRandomCase: true, hasEdns, cookie });
      const takeCookie = hasEdns ? (sent: Uint8Array | null) => cookies.take(server.text, sent) : null;
      return exchangeDatagrams(server, attempt, { query, transport: 'udp', takeCookie });
    },
    // Every query has its own socket, which ends with the attempt.
    close: () => undefined,
  };
}

function exchangeDatagrams(server: UpstreamServer, attempt: Attempt, context: JudgeContext): Promise<Reply> {
  return new Promise((resolve) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    const finish = waitWithin<Reply>(attempt, { settle: resolve, release: () => closeQuietly(socket) });
    let forgeries = 0;
    socket.on('error', (error: NodeJS.ErrnoException) => finish(failedBySocket(error)));
    socket.on('message', (bytes) => {
      const reply = judgeResponse(bytes, context);
      if (reply !== null) return finish(reply);
      attempt.onDropped();
      forgeries += 1;
      if (forgeries >= maxForgeries) finish({ kind: 'truncated' });
    });
    socket.on('connect', () => socket.send(context.query.packet));
    socket.connect(server.port, server.address);
  });
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // Closed already after an error of its own; closing was all that was wanted.
    return;
  }
}
