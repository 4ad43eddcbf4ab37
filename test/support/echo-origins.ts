import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';
import { createAuthority } from './pki.ts';

/** An origin on loopback that sends back what it gets and keeps every connection open. */
export type EchoOrigin = LoopbackServer;

/** A TLS origin under some names that echoes; `caPem` is the root to trust for it. */
export async function startTlsEcho(names: readonly string[]): Promise<EchoOrigin & { readonly caPem: string }> {
  const authority = await createAuthority('Echo Test Root');
  const issued = await authority.issueServer({ names });
  const server = createTlsServer({ cert: issued.chainPem, key: issued.keyPem }, echoBack);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return { ...(await serveOnLoopback(server)), caPem: authority.certificatePem };
}

/** A plain TCP origin that echoes. */
export async function startTcpEcho(): Promise<EchoOrigin> {
  return serveOnLoopback(createServer(echoBack));
}

function echoBack(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}
