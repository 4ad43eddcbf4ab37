import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createAuthority } from './pki.ts';

/** An origin on loopback that sends back what it gets and keeps every connection open. */
export interface EchoOrigin {
  readonly port: number;
  /** Connections since the start. */
  connections(): number;
  close(): Promise<void>;
}

/** A TLS origin under some names that echoes; `caPem` is the root to trust for it. */
export async function startTlsEcho(names: readonly string[]): Promise<EchoOrigin & { readonly caPem: string }> {
  const authority = await createAuthority('Echo Test Root');
  const issued = await authority.issueServer({ names });
  const server = createTlsServer({ cert: issued.chainPem, key: issued.keyPem }, echoBack);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return { ...(await serve(server)), caPem: authority.certificatePem };
}

/** A plain TCP origin that echoes. */
export async function startTcpEcho(): Promise<EchoOrigin> {
  return serve(createServer(echoBack));
}

function echoBack(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}

async function serve(server: Server): Promise<EchoOrigin> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1', 2048);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
