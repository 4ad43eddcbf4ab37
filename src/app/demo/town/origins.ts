import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DemoCertificates } from '../demo-certificates.ts';
import type { TownPorts } from './town-policy.ts';

/** The far ends of the town: every name of it leads to one of two sockets on loopback. */
export interface TownOrigins {
  readonly ports: TownPorts;
  close(): Promise<void>;
}

const loopback = '127.0.0.1';
// Ports that people know; others where somebody has them already.
const wishedPorts: TownPorts = { tls: 8443, plain: 8080 };
// The most that an origin sends for one request, whatever it is asked for.
const mostBytes = 2 * 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, 'exeat demo\n');

/** Starts both origins: TLS with the certificate, and plain HTTP. */
export async function startOrigins({ certificate, key }: DemoCertificates): Promise<TownOrigins> {
  const secure = createTlsServer({ cert: certificate, key }, answer);
  const plain = createPlainServer(answer);
  const [endSecure, endPlain] = [keepTrack(secure), keepTrack(plain)];
  const tls = await listen(secure, wishedPorts.tls);
  const http = await listen(plain, wishedPorts.plain);
  return {
    ports: { tls, plain: http },
    close: async () => void (await Promise.all([endSecure(), endPlain()])),
  };
}

/** Takes what is sent and forgets it; sends as many bytes as `?bytes=` says. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => response.destroy());
  request.resume();
  request.on('end', () => {
    const asked = Number(new URL(request.url ?? '/', 'http://origin.example').searchParams.get('bytes') ?? '200');
    sendBytes(response, Math.min(mostBytes, Number.isFinite(asked) ? Math.max(0, asked) : 0));
  });
}

function sendBytes(response: ServerResponse, bytes: number): void {
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-length', bytes);
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      left -= part.length;
      if (!response.write(part)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

function keepTrack(server: Server): () => Promise<void> {
  const open = new Set<Duplex>();
  const hold = (socket: Duplex): void => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  };
  server.on('connection', hold);
  // A client that speaks no TLS is its own trouble.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
}

async function listen(server: Server, wished: number): Promise<number> {
  const bound = await tryListen(server, wished);
  return bound ?? (await tryListen(server, 0)) ?? Promise.reject(new Error('no port on 127.0.0.1 is free'));
}

function tryListen(server: Server, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const fail = (): void => resolve(null);
    server.once('error', fail);
    server.listen(port, loopback, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
