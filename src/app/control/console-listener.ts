import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../../config/index.ts';

/** What `/readyz` says: 200 when ready, 503 otherwise, with the problems as lines. */
export interface Readiness {
  readonly isReady: boolean;
  readonly policyVersion: string | null;
  readonly problems: readonly string[];
}

/** Where the answers come from. Each is asked anew for every request. */
export interface ConsoleAnswers {
  readiness(): Promise<Readiness>;
  metrics(): Promise<string>;
}

/** The listener for health, readiness and metrics; API and console join it with their issue. */
export interface ConsoleListener {
  readonly address: string;
  close(): Promise<void>;
}

// Probes are short; these bounds only keep a broken client from holding a socket.
const requestTimeoutMs = 5_000;
const maxConnections = 128;

/** Listens for `/healthz`, `/readyz` and `/metrics`. Rejects with the error of listening. */
export async function listenConsole(at: Endpoint, answers: ConsoleAnswers): Promise<ConsoleListener> {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs, maxHeaderSize: 16_384 },
    (request, response) => {
      request.resume();
      void answer(request.method ?? '', request.url ?? '', response, answers).catch(() =>
        sendText(response, 500, 'failed\n'),
      );
    },
  );
  server.maxConnections = maxConnections;
  server.on('clientError', (_error, socket) => socket.destroy());
  await startListening(server, at);
  const { port } = server.address() as AddressInfo;
  return {
    address: at.address.includes(':') ? `[${at.address}]:${port}` : `${at.address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(method: string, url: string, response: ServerResponse, answers: ConsoleAnswers): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return sendText(response, 405, 'only GET is answered here\n');
  const path = url.split('?', 1)[0];
  if (path === '/healthz') return sendText(response, 200, 'ok\n');
  if (path === '/metrics')
    return sendText(response, 200, await answers.metrics(), 'text/plain; version=0.0.4; charset=utf-8');
  if (path !== '/readyz') return sendText(response, 404, 'nothing here: ask for /healthz, /readyz or /metrics\n');
  const readiness = await answers.readiness();
  const lines = [
    readiness.isReady ? 'ready' : 'not ready',
    `policy ${readiness.policyVersion ?? 'none'}`,
    ...readiness.problems,
  ];
  return sendText(response, readiness.isReady ? 200 : 503, `${lines.join('\n')}\n`);
}

function sendText(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function startListening(server: Server, at: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.address, () => {
      server.removeListener('error', reject);
      // An accept that fails (no descriptors left) is not the end of the listener.
      server.on('error', () => undefined);
      resolve();
    });
  });
}
