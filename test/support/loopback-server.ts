import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A server of a test on 127.0.0.1 that can be ended with every connection it holds. */
export interface LoopbackServer {
  readonly port: number;
  /** Connections since the start. */
  connections(): number;
  close(): Promise<void>;
}

// More than any test opens at once: a full queue would drop connections that the test counts.
const backlog = 2048;

/** Listens on a free port of 127.0.0.1. */
export async function serveOnLoopback(server: Server): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1', backlog);
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
