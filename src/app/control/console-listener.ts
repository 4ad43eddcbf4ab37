import { type AddressInfo, createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { busyPage, requestPage, setupPage } from '../../api/index.ts';
import type { Endpoint } from '../../config/index.ts';
import { readConsoleFiles, serveConsole } from './console-files.ts';
import type { FindDenial } from './find-denial.ts';

/** What `/readyz` says: 200 when ready, 503 otherwise, with the problems as lines. */
export interface Readiness {
  readonly isReady: boolean;
  readonly policyVersion: string | null;
  readonly problems: readonly string[];
}

/** Where the answers beside the API come from. Each is asked anew for every request. */
export interface ConsoleAnswers {
  readiness(): Promise<Readiness>;
  metrics(): Promise<string>;
  /** The denial that a link names, or null when none is kept. */
  readonly findDenial: FindDenial;
}

/** The listener for the API, health, readiness, metrics, and the pages that links lead to. */
export interface ConsoleListener {
  readonly address: string;
  /** `localhost:8440` where that name leads nowhere but to us; null otherwise. */
  readonly name: string | null;
  close(): Promise<void>;
}

/** Adds what is beside the API and listens. Rejects with the error of listening. */
export async function listenConsole(
  at: Endpoint,
  server: FastifyInstance,
  answers: ConsoleAnswers,
): Promise<ConsoleListener> {
  addHealth(server, answers);
  const files = readConsoleFiles();
  addPages(server, answers, files !== null);
  if (files === null) addPlainPages(server);
  else serveConsole(server, files);
  await server.listen({ host: at.address, port: at.port });
  // An accept that fails (no descriptors left) is not the end of the listener.
  server.server.on('error', () => undefined);
  const { port } = server.server.address() as AddressInfo;
  const other = await listenBeside(server, at.address, port);
  return {
    address: at.address.includes(':') ? `[${at.address}]:${port}` : `${at.address}:${port}`,
    name: other === 'taken' ? null : `localhost:${port}`,
    close: async () => {
      if (other !== 'taken') other?.close();
      await server.close();
    },
  };
}

/**
 * Listens on the loopback address of the other family, too: browsers try both for `localhost`, which is the only name that passkeys know
 * without TLS, and whoever held the other one would be handed what was meant for us. Null where this machine has no such address.
 */
async function listenBeside(server: FastifyInstance, address: string, port: number): Promise<Server | 'taken' | null> {
  const other = ({ '127.0.0.1': '::1', '::1': '127.0.0.1' } as const)[address];
  if (other === undefined) return 'taken';
  const beside = createServer((socket) => server.server.emit('connection', socket));
  beside.maxConnections = server.server.maxConnections;
  return new Promise((resolve) => {
    beside.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' ? null : 'taken'),
    );
    beside.listen(port, other, () => {
      // An accept that fails is not the end of it, as with the first one.
      beside.on('error', () => undefined);
      resolve(beside);
    });
  });
}

function addHealth(server: FastifyInstance, answers: ConsoleAnswers): void {
  const text = 'text/plain; charset=utf-8';
  server.get('/healthz', (_request, reply) => reply.type(text).send('ok\n'));
  server.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await answers.metrics()),
  );
  server.get('/readyz', async (_request, reply) => {
    const { isReady, policyVersion, problems } = await answers.readiness();
    const lines = [isReady ? 'ready' : 'not ready', `policy ${policyVersion ?? 'none'}`, ...problems];
    return reply
      .code(isReady ? 200 : 503)
      .type(text)
      .send(`${lines.join('\n')}\n`);
  });
}

const ulidText = /^[0-9A-HJKMNP-TV-Z]{26}$/;

// Where the console was not built a link of the first start still leads somewhere.
function addPlainPages(server: FastifyInstance): void {
  server.get('/setup', (_request, reply) => reply.type('text/html; charset=utf-8').send(setupPage()));
}

function addPages(server: FastifyInstance, answers: ConsoleAnswers, hasConsole: boolean): void {
  const html = 'text/html; charset=utf-8';
  server.get<{ Querystring: { decision?: string } }>('/request', async (request, reply) => {
    const { decision = '' } = request.query;
    const record = ulidText.test(decision) ? await answers.findDenial(decision) : null;
    if (record === 'busy') return reply.code(503).header('retry-after', '2').type(html).send(busyPage());
    return reply
      .code(record === null ? 404 : 200)
      .type(html)
      .send(requestPage(decision, record, hasConsole));
  });
}
