import { randomUUID } from 'node:crypto';
import type { Endpoint } from '../api/contract/index.ts';
import { escapeControls, failed, fault, ok, type Result } from '../base/index.ts';
import { endpointUrl } from './api-address.ts';
import { type Exchanged, exchange } from './api-exchange.ts';
import { type ApiFault, apiFault, parseJson, readProblem } from './api-problem.ts';
import { readToken } from './api-token.ts';
import type { CliIo } from './cli-io.ts';
import { exitCodes } from './exit-codes.ts';

type Nothing = Readonly<Record<string, never>>;
type Part<Name extends string, T> = T extends Nothing ? { readonly [K in Name]?: T } : { readonly [K in Name]: T };

/** The parts of a call; those that an endpoint has none of may be left out. `ifMatch` is the `seq` of the answer that was looked at. */
export type Given<Params, Query, Body> = Part<'params', Params> &
  Part<'query', Query> &
  Part<'body', Body> & { readonly ifMatch?: number; readonly idempotencyKey?: string };

/** An answer. `seq` is what a later call gives as `ifMatch`, null where the answer is of no one subject. */
export interface ApiAnswer<Answer> {
  readonly body: Answer;
  readonly seq: number | null;
}

/** Calls of the control API. */
export interface ApiClient {
  /** Faults carry the exit code: 4 for a token that is missing or refused, 5 for what its person may not do, else 1. */
  readonly call: <Params, Query, Body, Answer>(
    endpoint: Endpoint<Params, Query, Body, Answer>,
    given: Given<Params, Query, Body>,
  ) => Promise<Result<ApiAnswer<Answer>, ApiFault>>;
}

// An act waits for a disk and an audit log, not for a person; past this something hangs.
const callTimeoutMs = 15_000;

/**
 * Makes a client for the API at `base`, which is `https` or loopback (see `readApiAddress`). Acts carry an idempotency key, so that one
 * whose connection broke is sent once more without acting twice; their request ids are told on stderr.
 */
export function createApiClient(io: CliIo, base: URL): ApiClient {
  return {
    call: async (endpoint, given) => {
      const token = endpoint.scopes === null ? ok(null) : readToken(io.env);
      if (!token.ok) return failed(apiFault(token.fault, exitCodes.authenticationNeeded));
      const prepared = prepare(base, endpoint, { ...given, token: token.value });
      const done = await exchangeTwice(prepared);
      if (!done.ok) return failed(apiFault(done.fault));
      const answer = readAnswer(endpoint, done.value, base);
      if (answer.ok && endpoint.isAct) tellAct(io, done.value);
      return answer;
    },
  };
}

interface Prepared {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

interface Parts {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly ifMatch?: number;
  readonly idempotencyKey?: string;
  readonly token: string | null;
}

function prepare(
  base: URL,
  endpoint: Pick<Endpoint<unknown, unknown, unknown, unknown>, 'path' | 'method' | 'isAct'>,
  parts: Parts,
): Prepared {
  const { method, path, isAct } = endpoint;
  const url = writeUrl(base, path, parts);
  const body = method === 'GET' ? null : JSON.stringify(parts.body ?? {});
  return {
    url,
    method,
    body,
    headers: {
      accept: 'application/json, application/problem+json',
      ...(parts.token === null ? {} : { authorization: `Bearer ${parts.token}` }),
      ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(body)}` }),
      ...(isAct ? { 'idempotency-key': parts.idempotencyKey ?? randomUUID() } : {}),
      ...(parts.ifMatch === undefined ? {} : { 'if-match': `"${parts.ifMatch}"` }),
    },
  };
}

function writeUrl(base: URL, path: string, { params, query }: Parts): URL {
  const named = (params ?? {}) as Readonly<Record<string, unknown>>;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(named[name] ?? '')));
  const url = endpointUrl(base, filled);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
  }
  return url;
}

// The same bytes with the same key: the server either never heard the first or answers what it answered then.
async function exchangeTwice(prepared: Prepared): ReturnType<typeof exchange> {
  const startedMs = performance.now();
  const first = await exchange({ ...prepared, timeoutMs: callTimeoutMs });
  if (first.ok || first.fault.code !== 'connection_broken') return first;
  const leftMs = Math.max(1, Math.round(callTimeoutMs - (performance.now() - startedMs)));
  return exchange({ ...prepared, timeoutMs: leftMs });
}

function readAnswer<Answer>(
  endpoint: Pick<Endpoint<unknown, unknown, unknown, Answer>, 'answer' | 'status'>,
  { status, headers, text }: Exchanged,
  base: URL,
): Result<ApiAnswer<Answer>, ApiFault> {
  if (status !== endpoint.status) return failed(readProblem(status, text, base.origin));
  const body = endpoint.answer.safeParse(parseJson(text));
  if (!body.success) {
    const at = body.error.issues[0]?.path.map(String).join('.') ?? '';
    const message = `the answer of \`${base.origin}\` is not what the contract says at \`${at}\`, are both sides of one version?`;
    return failed(apiFault(fault('answer_malformed', message)));
  }
  const seq = /^(?:W\/)?"(\d{1,15})"$/.exec(headers.etag ?? '')?.[1];
  return ok({ body: body.data, seq: seq === undefined ? null : Number(seq) });
}

// What was done can be found again by its id. An act that is in force and not written down is no reason to do it twice, and one to look.
function tellAct(io: CliIo, { headers }: Exchanged): void {
  const id = headers['exeat-request-id'];
  if (typeof id === 'string') io.writeError(`request ${escapeControls(id)}\n`);
  if (headers['exeat-durable'] === 'false') {
    io.writeError(
      'exeat: IN FORCE, NOT WRITTEN DOWN YET: the audit log cannot be written, see `/readyz`; it is written first once that works\n',
    );
  }
  if (headers['exeat-confirmed'] === 'false') {
    io.writeError(
      'exeat: DONE, NOT CONFIRMED YET: the enforcement point did not say that it lives by it, see `exeat status`; it is told until it does\n',
    );
  }
}
