import { createServer, type Server } from 'node:http';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { SegmentSummary } from '../policy/index.ts';
import type { ListenAddress } from '../transport/index.ts';
import { pacScript } from './pac.ts';

/** What the PAC listener needs. */
export interface PacListenerOptions {
  readonly address: ListenAddress;
  /** The port of the proxy: clients find it at the address at which they reached this listener. */
  readonly proxyPort: number;
  segments(): readonly SegmentSummary[];
}

/** A PAC listener at work. */
export interface PacListener {
  readonly address: ListenAddress;
  close(): Promise<void>;
}

const requestTimeoutMs = 5_000;
const paths = new Set(['/proxy.pac', '/wpad.dat']);

/** Listens for `GET /proxy.pac` and `GET /wpad.dat` and nothing else. Fault: `listen_failed`. */
export function createPacListener(options: PacListenerOptions): Promise<Result<PacListener>> {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      const isAsked = paths.has(request.url ?? '') && (request.method === 'GET' || request.method === 'HEAD');
      if (!isAsked) {
        response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' }).end('not here\n');
        return;
      }
      const address = (request.socket.localAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
      const host = address.includes(':') ? `[${address}]` : address;
      const headers = {
        'Content-Type': 'application/x-ns-proxy-autoconfig',
        'Cache-Control': 'max-age=300',
        Connection: 'close',
      };
      response.writeHead(200, headers).end(pacScript(`${host}:${options.proxyPort}`, options.segments()));
    },
  );
  server.maxConnections = 256;
  return listen(server, options.address);
}

function listen(server: Server, address: ListenAddress): Promise<Result<PacListener>> {
  return new Promise((resolve) => {
    // Stays on after listening: an accept that fails (no descriptors left) must not end the process.
    server.on('error', (error) => {
      const message = `cannot listen on \`${address.host}:${address.port}\`: ${error.message}`;
      resolve(failed(fault('listen_failed', message)));
    });
    server.listen(address.port, address.host, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
      resolve(ok({ address: { host: address.host, port }, close: () => closeServer(server) }));
    });
  });
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
