import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteShorthandOptions,
} from 'fastify';
import type { Clock, NewId, Result } from '../base/index.ts';
import { failed, fault } from '../base/index.ts';
import { watchAllowedMethods } from './allowed-methods.ts';
import { type Attempts, createAttempts } from './attempts.ts';
import { type Authenticated, authenticate } from './authenticate.ts';
import type { Answered, Call, Caller } from './call.ts';
import type { AnyEndpoint } from './contract/index.ts';
import type { OpenApi } from './openapi.ts';
import { type ProblemRows, type RequestFault, toProblem } from './problems.ts';
import { readRequest } from './read-call.ts';
import { createSessions, type Session, type Sessions } from './sessions.ts';
import { createStreamSeats, type Stream, type StreamEvent, type StreamSeats, writeStream } from './stream.ts';

/** A handler of any endpoint. */
export type AnyHandler = (call: Call<never, never, never>) => Promise<Result<Answered<unknown>, RequestFault>>;

/** What the API is made of. */
export interface ApiOptions {
  readonly endpoints: Readonly<Record<string, AnyEndpoint>>;
  readonly handlers: Readonly<Record<string, AnyHandler>>;
  /** What answers the endpoints that go on telling. */
  readonly streams: Readonly<Record<string, Stream>>;
  readonly document: OpenApi;
  /** Statuses and titles of the faults of acts. */
  readonly problems: ProblemRows;
  /** Who a token belongs to. Fault: `token_refused`. */
  readonly authenticate: (token: string) => Promise<Result<Caller, RequestFault>>;
  /** Who a session belongs to now: whoever revokes its token, resets it or disables its person ends it. Fault: `session_over`. */
  readonly recall: (session: Pick<Session, 'credential' | 'seal'>) => Result<Caller, RequestFault>;
  /** Told when somebody known tried to change something and was refused before it was an act. */
  readonly onRefused: (caller: Caller, endpointId: string, why: RequestFault) => Promise<void>;
  readonly clock: Clock;
  readonly newId: NewId;
  /** A defect of ours: the caller is told only that something failed. */
  readonly onFailure: (where: string, error: unknown) => void;
  /** TLS of the listener, null for clear text. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Host names, beside addresses and `localhost`, under which we are asked. Others are refused: a page of a stranger's may point its name at us. */
  readonly hostNames: readonly string[];
}

// Requests are commands and short documents; these bounds keep a broken client from holding a socket or memory.
const maxBodyBytes = 64 * 1024;
const requestTimeoutMs = 10_000;
const keepAliveTimeoutMs = 5_000;
const lateCheckMs = 1_000;
const maxHeaderBytes = 16_384;
const maxConnections = 256;

/** Makes the server with every endpoint below `/api/v1`; it does not listen yet. */
export function createApi(options: ApiOptions): FastifyInstance {
  const server = Fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    // What is too long for an id is told by the endpoint, like anything else that is wrong with it.
    routerOptions: { maxParamLength: maxHeaderBytes },
    requestIdHeader: false,
    genReqId: () => options.newId(options.clock.now()),
    serverFactory: (handler) => createListener(options.tls, handler),
  });
  addHooks(server, options);
  const attempts = createAttempts();
  const sessions = createSessions();
  const seats = createStreamSeats();
  for (const [id, endpoint] of Object.entries(options.endpoints)) {
    if (endpoint.isStream) {
      addStream(server, endpoint, { options, id, attempts, sessions, seats });
      continue;
    }
    const handler = options.handlers[id];
    if (handler === undefined) throw new TypeError(`no handler for endpoint "${id}"`);
    const knownEarly = new WeakMap<FastifyRequest, Result<Authenticated, RequestFault>>();
    const look = (request: FastifyRequest): ReturnType<typeof authenticate> =>
      authenticate({ options, endpoint, attempts, sessions, request });
    server.route({
      method: endpoint.method,
      url: `/api/v1${endpoint.path.replace(/\{(\w+)\}/g, ':$1')}`,
      ...(endpoint.maxBodyBytes === null ? {} : largeBody(options, endpoint, { knownEarly, look })),
      handler: async (request, reply) => {
        const asked = { options, endpoint, request };
        const known = knownEarly.get(request) ?? (await look(request));
        const outcome = known.ok ? await answer({ ...asked, id, handler, known: known.value }) : known;
        const cookie = known.ok ? known.value.cookie() : null;
        if (cookie !== null) reply.header('set-cookie', cookie);
        send(options, request, reply, { endpoint, outcome });
        return reply;
      },
    });
  }
  server.get('/api/openapi.json', (_request, reply) => reply.send(options.document));
  return server;
}

interface EarlyLook {
  readonly knownEarly: WeakMap<FastifyRequest, Result<Authenticated, RequestFault>>;
  look(request: FastifyRequest): Promise<Result<Authenticated, RequestFault>>;
}

// Anybody may fill the memory with small bodies of all connections; with large ones only who may ask at all.
function largeBody(
  options: ApiOptions,
  endpoint: AnyEndpoint,
  { knownEarly, look }: EarlyLook,
): Pick<RouteShorthandOptions, 'bodyLimit' | 'onRequest'> {
  return {
    bodyLimit: endpoint.maxBodyBytes ?? maxBodyBytes,
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      const known = await look(request);
      const missing = known.ok && known.value.caller !== null ? findMissingScope(endpoint, known.value.caller) : null;
      if (!known.ok) return sendProblem(options, request, reply, known.fault);
      if (missing !== null) return sendProblem(options, request, reply, missing);
      knownEarly.set(request, known);
      return undefined;
    },
  };
}

interface Streaming {
  readonly options: ApiOptions;
  readonly id: string;
  readonly attempts: Attempts;
  readonly sessions: Sessions;
  readonly seats: StreamSeats;
}

function addStream(server: FastifyInstance, endpoint: AnyEndpoint, parts: Streaming): void {
  const { options, id, attempts, sessions, seats } = parts;
  const stream = options.streams[id];
  if (stream === undefined) throw new TypeError(`no stream for endpoint "${id}"`);
  server.get(`/api/v1${endpoint.path}`, async (request, reply) => {
    const asked = { options, endpoint, attempts, sessions, request };
    const stop = new AbortController();
    const known = await authenticate(asked);
    const after = headerText(request.headers['last-event-id']) ?? null;
    // What came by the same way as any other answer, up to the events themselves.
    const handler: AnyHandler = async (call) => {
      const events = stream(call, after, stop.signal);
      return events.ok ? { ok: true, value: { body: events.value } } : events;
    };
    const outcome = known.ok ? await answer({ options, endpoint, request, id, handler, known: known.value }) : known;
    if (!outcome.ok) return sendProblem(options, request, reply, outcome.fault);
    const free = seats.take(known.ok ? (known.value.caller?.person ?? '') : '');
    if (free === null) return sendProblem(options, request, reply, noSeat);
    // Going on by itself is no use of a session: it ends as if nobody looked.
    const mayGoOn = async (): Promise<boolean> => (await authenticate({ ...asked, isUse: false })).ok;
    try {
      await writeStream(reply, outcome.value.body as AsyncIterable<StreamEvent>, { stop, mayGoOn });
    } finally {
      stop.abort();
      free();
    }
    return reply;
  });
}

const noSeat = fault('too_many_attempts', 'too many streams are open, close some of your windows');

function createListener(tls: ApiOptions['tls'], handler: RequestListener): Server {
  const bounds = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Node looks for requests that are late every 30 s unless told otherwise.
    connectionsCheckingInterval: lateCheckMs,
    maxHeaderSize: maxHeaderBytes,
  };
  const server =
    tls === null
      ? createHttpServer(bounds, handler)
      : createHttpsServer({ ...bounds, ...tls, minVersion: 'TLSv1.2' }, handler);
  server.maxConnections = maxConnections;
  return server;
}

function addHooks(server: FastifyInstance, options: ApiOptions): void {
  const names = new Set(['localhost', ...options.hostNames.map((name) => name.toLowerCase())]);
  server.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'referrer-policy': 'no-referrer',
      'exeat-request-id': request.id,
    });
    if (!openToAnyName.has(request.routeOptions.url ?? '') && !isOurs(names, request.headers.host)) {
      const said = fault(
        'host_refused',
        `\`${request.headers.host ?? ''}\` is none of our host names, see \`console.url\``,
      );
      return sendProblem(options, request, reply, said);
    }
    return undefined;
  });
  const allowedMethods = watchAllowedMethods(server);
  server.setNotFoundHandler((request, reply) => {
    const methods = allowedMethods(request.url.split('?', 1)[0] ?? '');
    // Answered by the page of the console where nothing else is, and then by this: what is there and fits no parameter is not there.
    if (methods.length === 0 || methods.includes(request.method)) {
      return sendProblem(options, request, reply, fault('not_found', 'nothing is here, see `/api/openapi.json`'));
    }
    reply.header('allow', methods.join(', '));
    const said = `this path answers ${methods.join(', ')}`;
    return sendProblem(options, request, reply, fault('method_not_allowed', said));
  });
  server.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode === 413) {
      return sendProblem(
        options,
        request,
        reply,
        fault('body_too_large', `a body holds at most ${request.routeOptions.bodyLimit ?? maxBodyBytes} bytes`),
      );
    }
    if (statusCode >= 400 && statusCode < 500) {
      return sendProblem(
        options,
        request,
        reply,
        fault('request_malformed', 'the body is not JSON, or is not said to be'),
      );
    }
    options.onFailure(request.routeOptions.url ?? 'unknown', error);
    return sendProblem(options, request, reply, fault('failed', 'see the log of control for this request'));
  });
}

// Probes and scrapers come by whatever name they know; what they are told is no secret.
const openToAnyName = new Set(['/healthz', '/readyz', '/metrics']);

// Addresses cannot be pointed elsewhere by a stranger's DNS; names can.
function isOurs(names: ReadonlySet<string>, host: string | undefined): boolean {
  if (host === undefined) return false;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return names.has(name) || /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name);
}

interface Answering {
  readonly options: ApiOptions;
  readonly id: string;
  readonly endpoint: AnyEndpoint;
  readonly handler: AnyHandler;
  readonly request: FastifyRequest;
  readonly known: Authenticated;
}

async function answer(answering: Answering): Promise<Result<Answered<unknown>, RequestFault>> {
  const { endpoint, handler, request, known } = answering;
  const { caller, door } = known;
  const missing = caller === null ? null : findMissingScope(endpoint, caller);
  if (missing !== null) return refuse(answering, caller, missing);
  const read = readRequest(endpoint, {
    params: request.params,
    query: request.query,
    body: request.body,
    ifMatch: request.headers['if-match'],
    idempotencyKey: headerText(request.headers['idempotency-key']),
  });
  if (!read.ok) return refuse(answering, caller, read.fault);
  const { idempotencyKey, ...parts } = read.value;
  const once = idempotencyKey === null ? null : { key: idempotencyKey, digest: digestOf(endpoint, parts) };
  const call = { ...parts, caller, once, requestId: request.id, door };
  return handler(call as unknown as Call<never, never, never>);
}

function findMissingScope({ scopes }: AnyEndpoint, caller: Caller): RequestFault | null {
  if (scopes === null || scopes.some((scope) => caller.scopes.includes(scope))) return null;
  const needed = scopes.map((scope) => `\`${scope}\``).join(' or ');
  return fault('scope_missing', `this needs the scope ${needed}, the token does not carry it`);
}

// Who looks at what they may not see changes nothing; who tries to change something stands in the log.
async function refuse(
  { options, id, endpoint }: Answering,
  caller: Caller | null,
  why: RequestFault,
): Promise<Result<never, RequestFault>> {
  if (caller !== null && endpoint.isAct) await options.onRefused(caller, id, why);
  return failed(why);
}

// The path belongs to it: the same body sent to another place is another request.
function digestOf(endpoint: AnyEndpoint, parts: { readonly params: unknown; readonly body: unknown }): string {
  const text = JSON.stringify([endpoint.method, endpoint.path, parts.params, parts.body]);
  return createHash('sha256').update(text).digest('base64url');
}

function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function send(
  options: ApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  done: { readonly endpoint: AnyEndpoint; readonly outcome: Result<Answered<unknown>, RequestFault> },
): void {
  const { endpoint, outcome } = done;
  if (!outcome.ok) {
    sendProblem(options, request, reply, outcome.fault);
    return;
  }
  const { body, seq, isDurable, isConfirmed, isReplay } = outcome.value;
  if (seq !== undefined) reply.header('etag', `"${seq}"`);
  if (isReplay === true) reply.header('idempotency-replayed', 'true');
  if (isDurable === false) reply.header('exeat-durable', 'false');
  if (isConfirmed === false) reply.header('exeat-confirmed', 'false');
  reply.code(endpoint.status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

function sendProblem(
  options: ApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  said: RequestFault,
): FastifyReply {
  const problem = toProblem(options.problems, said, request.id);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="exeat"');
  return reply.code(problem.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(problem));
}
