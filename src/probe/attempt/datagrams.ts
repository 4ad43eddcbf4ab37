import { createSocket, type Socket } from 'node:dgram';
import { type Ending, ended, endingOfErrno } from '../ending.ts';
import { hasProof, type Mark, markText } from '../mark.ts';
import { type DatagramKind, writeDatagram } from '../packets/datagrams.ts';
import { startPatience } from './patience.ts';
import { type Attempt, hostOf } from './streams.ts';

/** What is sent where, and until when an answer is waited for. */
export interface Exchange {
  readonly host: string;
  readonly port: number;
  readonly bytes: Uint8Array;
  readonly mark: Mark;
  readonly timeoutMs: number;
}

/** Sends one datagram, again after a third of the time because datagrams get lost, and waits for the canary's answer. */
export function exchangeDatagram(exchange: Exchange): Promise<Ending> {
  const { host, port, bytes, timeoutMs } = exchange;
  return withSocket(host, exchange, (socket) => {
    // Connected, so that a port-unreachable is told as a refusal.
    socket.connect(port, host, () => {
      send(socket, bytes);
      setTimeout(() => send(socket, bytes), timeoutMs / 3).unref();
    });
  });
}

/** Binds a socket, lets `start` send something in another way, and waits for the canary's answer to the socket's port. */
export function awaitDatagram(
  { mark, timeoutMs }: Pick<Exchange, 'mark' | 'timeoutMs'>,
  start: (fromPort: number) => Promise<Ending | null>,
): Promise<Ending> {
  // The time of the network begins when all was sent: starting an interpreter takes its own.
  return withSocket('0.0.0.0', { mark, timeoutMs: timeoutMs + mostStartMs }, (socket, end) => {
    socket.bind(0, () => {
      void start(socket.address().port).then((ending) => {
        if (ending === null) startPatience(timeoutMs, () => end(ended('timeout')));
        else end(ending);
      });
    });
  });
}

const mostStartMs = 6_000;

/** A datagram of a kind to the canary. */
export function datagramAttempt(whither: 'ipv4' | 'ipv6', port: number, kind: DatagramKind): Attempt {
  return (target, mark) =>
    exchangeDatagram({
      host: hostOf(target, whither),
      port,
      bytes: writeDatagram(kind, markText(mark)),
      mark,
      timeoutMs: target.timeoutMs,
    });
}

async function withSocket(
  host: string,
  { mark, timeoutMs }: { readonly mark: Mark; readonly timeoutMs: number },
  start: (socket: Socket, end: (ending: Ending) => void) => void,
): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  let hasAnswer = false;
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(endingOfErrno(error.code)));
  socket.on('message', (answer) => {
    if (hasProof(answer, mark)) resolve(ended('token'));
    hasAnswer = true;
  });
  const stop = startPatience(timeoutMs, () => resolve(ended(hasAnswer ? 'foreign_answer' : 'timeout')));
  try {
    start(socket, resolve);
    return await promise;
  } finally {
    stop();
    socket.close();
  }
}

function send(socket: Socket, bytes: Uint8Array): void {
  try {
    socket.send(bytes, (error) => {
      if (error !== null) socket.emit('error', error);
    });
  } catch {
    // Closed meanwhile, or no longer connected after an error: the attempt has ended.
  }
}
