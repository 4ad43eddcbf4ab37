import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';
import { createAuthority } from './pki.ts';

/** An origin on loopback that counts what reaches it. */
export interface CountingOrigin extends LoopbackServer {
  bytesIn(): number;
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
  let bytes = 0;
  const server = createServer((socket) => {
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
    });
    if (handOn === undefined) socket.resume();
    else handOn(socket);
  });
  return { ...(await serveOnLoopback(server)), bytesIn: () => bytes };
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
  return { ...(await serveOnLoopback(server)), requests: () => requests };
}
