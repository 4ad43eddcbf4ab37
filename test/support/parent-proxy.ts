import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A parent proxy of a test: takes CONNECT for anything and leads all of it to one loopback port. */
export interface ParentProxy {
  readonly port: number;
  /** The authorities that it was asked for, in order. */
  readonly asked: readonly string[];
  /** The header fields of every request that it saw. */
  readonly heads: readonly IncomingMessage['headers'][];
  close(): Promise<void>;
}

/** Starts it: `exeat -> this (CONNECT) -> 127.0.0.1:toPort`. It answers 403 for what `refuses` names. */
export async function startParentProxy(
  toPort: (authority: string) => number,
  refuses: readonly string[] = [],
): Promise<ParentProxy> {
  const asked: string[] = [];
  const heads: IncomingMessage['headers'][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => void response.writeHead(400).end());
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const authority = request.url ?? '';
    asked.push(authority);
    heads.push(request.headers);
    if (refuses.includes(authority)) return void client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    const upstream = connect(toPort(authority), '127.0.0.1');
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
  });
  server.listen(0, '127.0.0.1', 2048);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    heads,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
