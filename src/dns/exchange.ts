import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { makeQuestion, type Question } from './question.ts';
import { type AnswerOutcome, readAnswer } from './read-answer.ts';

/** A server to ask. IPv6 addresses have no brackets here. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** One question to one server. `onDropped` is told of each response that was not ours. */
export interface Exchange {
  readonly name: string;
  readonly type: Question['type'];
  readonly server: ServerAddress;
  readonly timeoutMs: number;
  readonly onDropped: () => void;
  /** Ends the wait when the resolver closes. */
  readonly signal: AbortSignal;
}

/** What came of an exchange: an answer that is ours, or no answer. */
export type ExchangeOutcome = Exclude<AnswerOutcome, { readonly kind: 'not_ours' }>;

/**
 * Asks over UDP from a fresh socket: the kernel picks a random port, and a connected socket takes packets of that server only.
 * Responses that do not match are dropped, and the wait goes on. Never rejects.
 */
export function askByUdp(exchange: Exchange): Promise<ExchangeOutcome> {
  const question = makeQuestion(exchange.name, exchange.type);
  const { server, onDropped } = exchange;
  return new Promise((resolve) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    const finish = settleOnce(resolve, () => closeQuietly(socket), exchange);
    socket.on('error', (error: NodeJS.ErrnoException) => finish(failedBy(error)));
    socket.on('message', (bytes) => {
      const outcome = readAnswer(bytes, question);
      if (outcome.kind === 'not_ours') onDropped();
      else finish(outcome);
    });
    socket.on('connect', () => socket.send(question.packet));
    socket.connect(server.port, server.address);
  });
}

/** Longest message over TCP (RFC 1035 section 4.2.2: the length has two bytes). */
const maxTcpBytes = 65_535 + 2;

/** Asks over TCP, for answers too large for UDP. One question a connection. Never rejects. */
export function askByTcp(exchange: Exchange): Promise<ExchangeOutcome> {
  const question = makeQuestion(exchange.name, exchange.type, false);
  const { server, onDropped } = exchange;
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    const finish = settleOnce(resolve, () => socket.destroy(), exchange);
    socket.on('error', (error: NodeJS.ErrnoException) => finish(failedBy(error)));
    socket.on('close', () => finish({ kind: 'failed', why: 'the server closed the connection' }));
    socket.on('connect', () => socket.write(withLength(question.packet)));
    let held = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes]);
      if (held.length > maxTcpBytes) return finish({ kind: 'failed', why: 'the server sent more than was asked for' });
      const message = takeMessage(held);
      if (message === null) return;
      const outcome = readAnswer(message, question);
      // On a connection of our own there is nobody else to wait for.
      if (outcome.kind !== 'not_ours') return finish(outcome);
      onDropped();
      finish({ kind: 'failed', why: 'the server answered another question' });
    });
  });
}

function takeMessage(held: Buffer): Buffer | null {
  if (held.length < 2) return null;
  const length = held.readUInt16BE(0);
  return held.length < 2 + length ? null : held.subarray(2, 2 + length);
}

function withLength(packet: Buffer): Buffer {
  const framed = Buffer.alloc(packet.length + 2);
  framed.writeUInt16BE(packet.length, 0);
  framed.set(packet, 2);
  return framed;
}

function settleOnce(
  resolve: (outcome: ExchangeOutcome) => void,
  release: () => void,
  { timeoutMs, signal }: Exchange,
): (outcome: ExchangeOutcome) => void {
  let isDone = false;
  const finish = (outcome: ExchangeOutcome): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    release();
    resolve(outcome);
  };
  const timer = setTimeout(() => finish({ kind: 'failed', why: 'the server did not answer in time' }), timeoutMs);
  const onAbort = (): void => finish({ kind: 'failed', why: 'the resolver was closed' });
  signal.addEventListener('abort', onAbort);
  return finish;
}

function failedBy(error: NodeJS.ErrnoException): ExchangeOutcome {
  return { kind: 'failed', why: `the server could not be asked (${error.code ?? error.message})` };
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // Closed already after an error of its own; closing was all that was wanted.
    return;
  }
}
