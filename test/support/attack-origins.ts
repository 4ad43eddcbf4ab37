import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createAuthority } from './pki.ts';

/** An origin on loopback that counts what reaches it. */
export interface CountingOrigin {
  readonly port: number;
  bytesIn(): number;
  connections(): number;
  close(): Promise<void>;
}

/** A TLS origin for some names; the bytes are counted below TLS. */
export async function startTlsOrigin(names: readonly string[]): Promise<CountingOrigin & { readonly caPem: string }> {
  const authority = await createAuthority('Attack Test Root');
  const issued = await authority.issueServer({ names });
  const secure = createTlsServer({ cert: issued.chainPem, key: issued.keyPem }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('hello from the TLS origin\n');
  });
  secure.on('tlsClientError', (_error, socket) => socket.destroy());
  const origin = await startCountingOrigin((socket) => secure.emit('connection', socket));
  return { ...origin, caPem: authority.certificatePem };
}

/** A TCP origin that counts bytes and keeps the connection, or hands it on. */
export async function startCountingOrigin(handOn?: (socket: Socket) => void): Promise<CountingOrigin> {
  const sockets = new Set<Socket>();
  let bytes = 0;
  let connections = 0;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    connections += 1;
    sockets.add(socket);
    let own = 0;
    // Counted from what the kernel handed to the socket, so that a reader above it does not hide anything.
    const count = (): void => {
      bytes += socket.bytesRead - own;
      own = socket.bytesRead;
    };
    const timer = setInterval(count, 10);
    socket.on('close', () => {
      count();
      clearInterval(timer);
      sockets.delete(socket);
    });
    if (handOn === undefined) socket.resume();
    else handOn(socket);
  });
  await listen(server);
  return {
    port: portOf(server),
    bytesIn: () => bytes,
    connections: () => connections,
    close: () => closeAll(server, sockets),
  };
}

/** A plain HTTP origin that remembers requests and echoes the path; `/challenge` answers 407 with forged fields. */
export async function startHttpOrigin(): Promise<{
  readonly port: number;
  requests(): readonly {
    readonly path: string;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  }[];
  close(): Promise<void>;
}> {
  const requests: { path: string; headers: Readonly<Record<string, string | string[] | undefined>> }[] = [];
  const sockets = new Set<Socket>();
  const server = createHttpServer((request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers });
    request.resume();
    if (request.url === '/challenge') {
      response.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="phish"', 'Exeat-Reason': 'forged' });
      response.end('give me your secret');
      return;
    }
    response.end(`path=${request.url}\n`);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await listen(server);
  return { port: portOf(server), requests: () => requests, close: () => closeAll(server, sockets) };
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
}
