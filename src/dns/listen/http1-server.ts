import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { exchangeOfHttp1 } from './doh-exchange.ts';
import { type HttpsConnection, maxHeadBytes } from './https-connection.ts';

/** Speaks HTTP/1.1 on connections that are handed over; listens on nothing itself. */
export class Http1Server {
  readonly #server: Server;
  readonly #connections = new WeakMap<Duplex, HttpsConnection>();

  constructor() {
    // The deadlines of the connections are ours: node keeps its own only for servers that listen.
    this.#server = createServer({ maxHeaderSize: maxHeadBytes, keepAliveTimeout: 0 }, (request, response) => {
      const connection = this.#connections.get(request.socket);
      if (connection === undefined) request.socket.destroy();
      else connection.begin(exchangeOfHttp1(request, response, () => connection.isFinishing));
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      // Only what the parser complains of was sent by the client; else the connection itself broke.
      if (error.code?.startsWith('HPE_')) this.#refuseMalformed(socket);
      else this.#endBroken(socket);
    });
  }

  /** Hands over a connection after its handshake. */
  take(socket: TLSSocket, connection: HttpsConnection): void {
    this.#connections.set(socket, connection);
    this.#server.emit('connection', socket);
  }

  #refuseMalformed(socket: Duplex): void {
    if (socket.writable) socket.write('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    this.#connections.get(socket)?.cutFor('request_refused');
    socket.destroy();
  }

  #endBroken(socket: Duplex): void {
    this.#connections.get(socket)?.cutFor('socket_failed');
    socket.destroy();
  }
}
