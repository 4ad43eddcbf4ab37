import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** How a workload of the town reaches the proxy. */
export interface WorkloadWay {
  readonly proxyPort: number;
  /** The loopback address that it comes from. */
  readonly address: string;
  /** Its credential, `NAME:SECRET`. */
  readonly credential: string;
  /** The authority that it trusts, PEM. */
  readonly authority: string;
}

/** What is asked through the proxy. */
export interface WorkloadAsk {
  /** `bank-gateway.example:8443`, or an address. */
  readonly to: string;
  /** The name in the ClientHello, where it is another one. */
  readonly serverName?: string;
  readonly bytesUp?: number;
  readonly bytesDown?: number;
}

/** A tunnel that stays until it is closed from one of its ends. */
export interface HeldTunnel {
  readonly ended: Promise<void>;
  close(): void;
}

// Longer than any ask of the town takes, shorter than a forgotten one may hold its descriptor.
const askMs = 20_000;
const part = Buffer.alloc(64 * 1024, 'exeat demo\n');

/** Asks once over TLS in a tunnel, reads the answer to its end, and closes. Resolves whatever comes out of it: the records tell. */
export async function askThroughTunnel(way: WorkloadWay, ask: WorkloadAsk, signal: AbortSignal): Promise<void> {
  const socket = await openTunnel(way, ask.to, signal);
  if (socket === null) return;
  const secure = secureTunnel(way, socket, ask);
  secure.once('secureConnect', () => {
    const { bytesUp = 0, bytesDown = 400 } = ask;
    secure.write(
      `POST /?bytes=${bytesDown} HTTP/1.1\r\nHost: ${ask.to}\r\nContent-Length: ${bytesUp}\r\nConnection: close\r\n\r\n`,
    );
    writeBytes(secure, bytesUp);
  });
  secure.resume();
  await closeOf(socket);
}

/** Opens a tunnel with TLS in it and sends a little now and then, until somebody ends it. Null: it was refused. */
export async function holdTunnel(
  way: WorkloadWay,
  to: string,
  { signal, everyMs }: { readonly signal: AbortSignal; readonly everyMs: number },
): Promise<HeldTunnel | null> {
  const socket = await openTunnel(way, to, signal);
  if (socket === null) return null;
  socket.setTimeout(0);
  const secure = secureTunnel(way, socket, { to });
  const timer = setInterval(() => {
    if (secure.writable) secure.write(`GET /?bytes=2000 HTTP/1.1\r\nHost: ${to}\r\n\r\n`);
  }, everyMs);
  secure.resume();
  const ended = closeOf(socket).then(() => clearInterval(timer));
  return { ended, close: () => void socket.destroy() };
}

/** Asks a page in absolute form, without TLS. */
export async function askPlain(way: WorkloadWay, to: string, signal: AbortSignal): Promise<void> {
  const socket = dial(way, signal);
  socket.write(`GET http://${to}/?bytes=30000 HTTP/1.1\r\nHost: ${to}\r\n${proof(way)}Connection: close\r\n\r\n`);
  socket.resume();
  await closeOf(socket);
}

/** Opens a tunnel that is meant for TLS and speaks plain HTTP in it. */
export async function askClearInTunnel(way: WorkloadWay, to: string, signal: AbortSignal): Promise<void> {
  const socket = await openTunnel(way, to, signal);
  if (socket === null) return;
  socket.write(`GET /?bytes=900 HTTP/1.1\r\nHost: ${to}\r\nConnection: close\r\n\r\n`);
  socket.resume();
  await closeOf(socket);
}

async function openTunnel(way: WorkloadWay, to: string, signal: AbortSignal): Promise<Socket | null> {
  const socket = dial(way, signal);
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${proof(way)}\r\n`);
  const head = await readHead(socket);
  if (head.startsWith('HTTP/1.1 200 ')) return socket;
  socket.destroy();
  return null;
}

function dial({ proxyPort, address }: WorkloadWay, signal: AbortSignal): Socket {
  const socket = connect({ host: '127.0.0.1', port: proxyPort, localAddress: address });
  const end = (): void => void socket.destroy();
  // Refusals and cuts are what the town is for: they are in the records, and no error here.
  socket.on('error', end);
  socket.setTimeout(askMs, end);
  signal.addEventListener('abort', end, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', end));
  return socket;
}

// The heads of the proxy are short; it answers nothing before its own blank line.
const mostHeadBytes = 8_192;

function readHead(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let head = '';
    const done = (): void => {
      socket.off('data', take);
      socket.off('close', done);
      resolve(head);
    };
    const take = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      if (head.includes('\r\n\r\n') || head.length > mostHeadBytes) done();
    };
    socket.on('data', take);
    socket.once('close', done);
  });
}

function secureTunnel(way: WorkloadWay, socket: Socket, { to, serverName }: WorkloadAsk): TLSSocket {
  const servername = serverName ?? to.slice(0, to.lastIndexOf(':'));
  const secure = connectTls({ socket, servername, ca: way.authority });
  secure.on('error', () => socket.destroy());
  return secure;
}

function writeBytes(secure: TLSSocket, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0 && secure.writable) {
      const next = part.subarray(0, Math.min(left, part.length));
      left -= next.length;
      if (!secure.write(next)) return void secure.once('drain', more);
    }
  };
  more();
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

function proof({ credential }: WorkloadWay): string {
  return `Proxy-Authorization: Basic ${Buffer.from(credential).toString('base64')}\r\n`;
}
