import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { findMark, type Mark, proofBytes, proofText } from '../mark.ts';
import { writeDatagramReply } from '../packets/datagrams.ts';
import { answerDns } from './answer-dns.ts';
import { answerStream } from './answer-stream.ts';
import type { Arrival } from './arrival.ts';
import { createCertificate } from './create-certificate.ts';
import { listenRaw } from './listen-raw.ts';

/** Where a canary listens and who is told. */
export interface CanaryOptions {
  readonly addresses: readonly string[];
  readonly tcpPorts: readonly number[];
  readonly udpPorts: readonly number[];
  readonly onArrival: (arrival: Arrival) => void;
}

/** A running canary. */
export interface Canary {
  /** Each place as text: `tcp 192.0.2.7:443`. */
  readonly listens: readonly string[];
  /** Each place where it could not listen, with why. */
  readonly lacks: readonly string[];
  readonly close: () => Promise<void>;
}

/** The ports that the ways of a probe use. */
export const canaryTcpPorts: readonly number[] = [22, 25, 53, 80, 443, 853, 8443, 41_443];
/** The same for UDP. */
export const canaryUdpPorts: readonly number[] = [53, 123, 443, 853, 5353, 8853, 41_443];

type Opened = { readonly says: string; readonly close: () => Promise<void> };

/**
 * Starts the far end of a probe: it answers every mark with its proof and reports it, and lets nobody do anything else. What it cannot
 * listen on is told in `lacks`. Fault: `canary_deaf`, where that is everything.
 */
export async function createCanary(options: CanaryOptions): Promise<Result<Canary, Fault<'canary_deaf'>>> {
  const secure = createTlsServer(await createCertificate());
  secure.on('tlsClientError', () => undefined);
  secure.on('secureConnection', (stream) => {
    const { port, from } = placeOf(stream);
    answerStream(stream, {
      over: 'tls',
      port,
      onMark: (mark) => options.onArrival({ ...mark, over: 'tls', port, from }),
    });
  });
  const attempts = options.addresses.flatMap((address) => [
    ...options.tcpPorts.map((port) => openTcp(address, port, { options, secure })),
    ...options.udpPorts.map((port) => openUdp(address, port, options)),
  ]);
  const opened = await Promise.all([...attempts, listenRaw(options.onArrival)]);
  const open = opened.flatMap((one) => (one.ok ? [one.value] : []));
  const lacks = opened.flatMap((one) => (one.ok ? [] : [one.fault]));
  if (open.length === 0) return failed(fault('canary_deaf', `the canary can listen nowhere: ${lacks[0]}`));
  return ok({
    listens: open.map(({ says }) => says),
    lacks,
    close: async () => {
      await Promise.all(open.map(({ close }) => close()));
    },
  });
}

function openTcp(
  address: string,
  port: number,
  { options, secure }: { readonly options: CanaryOptions; readonly secure: TlsServer },
): Promise<Result<Opened, string>> {
  const streams = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.setTimeout(idleMs, () => socket.destroy());
    if (streams.size >= mostStreams) return void socket.destroy();
    streams.add(socket);
    socket.on('close', () => streams.delete(socket));
    const { from } = placeOf(socket);
    answerStream(socket, {
      over: 'tcp',
      port,
      onMark: (mark) => options.onArrival({ ...mark, over: 'tcp', port, from }),
      onTls: () => secure.emit('connection', socket),
    });
  });
  const says = `tcp ${placeText(address, port)}`;
  return new Promise((resolve) => {
    server.on('error', (error: NodeJS.ErrnoException) => resolve(failed(`${says}: ${error.code}`)));
    server.listen({ host: address, port, ipv6Only: isIPv6(address) }, () =>
      resolve(ok({ says, close: () => closeServer(server, streams) })),
    );
  });
}

function openUdp(address: string, port: number, options: CanaryOptions): Promise<Result<Opened, string>> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address) });
  socket.on('message', (bytes, { address: from, port: fromPort }) => {
    const answer = answerDatagram(bytes, port);
    if (answer === null) return;
    if (answer.mark !== null) options.onArrival({ ...answer.mark, over: 'udp', port, from });
    socket.send(answer.bytes, fromPort, from, () => undefined);
  });
  const says = `udp ${placeText(address, port)}`;
  return new Promise((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(failed(`${says}: ${error.code}`)));
    socket.bind(port, address, () => resolve(ok({ says, close: () => closeSocket(socket) })));
  });
}

const dnsPorts: ReadonlySet<number> = new Set([53, 5353]);
const idleMs = 10_000;
// More streams at once than any probe opens.
const mostStreams = 1_000;

// Nothing is said to what carries no mark and is no question, so that the canary is of no use to whoever forges addresses.
function answerDatagram(
  bytes: Uint8Array,
  port: number,
): { readonly bytes: Uint8Array; readonly mark: Mark | null } | null {
  const mark = findMark(bytes);
  if (dnsPorts.has(port)) {
    const reply = answerDns(bytes);
    return reply === null ? null : { bytes: reply, mark };
  }
  return mark === null ? null : { bytes: writeDatagramReply(bytes, proofBytes(mark), proofText(mark)), mark };
}

function placeOf(socket: Socket): { readonly port: number; readonly from: string } {
  return { port: socket.localPort ?? 0, from: socket.remoteAddress ?? '' };
}

function placeText(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

function closeServer(server: Server, streams: ReadonlySet<Socket>): Promise<void> {
  for (const stream of streams) stream.destroy();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function closeSocket(socket: UdpSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve());
  });
}
