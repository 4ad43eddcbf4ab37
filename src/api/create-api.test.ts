import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { failed, fault, ok } from '../base/index.ts';
import type { Call } from './call.ts';
import { endpoints } from './contract/index.ts';
import { type AnyHandler, createApi } from './create-api.ts';
import { describeApi } from './openapi.ts';

const person = {
  id: 'ana',
  name: 'Ana',
  roles: ['requester'],
  owns: [],
  isDisabled: false,
  createdAt: '2026-11-28T00:00:00.000Z',
  createdBy: 'setup',
  linkedTo: [],
};

let now = 1_000_000;
let seen: Call<unknown, unknown, unknown>[] = [];
const failures: unknown[] = [];
const refusals: (readonly [string, string, string])[] = [];
let server: FastifyInstance;
let base: string;

const handlers: Readonly<Record<string, AnyHandler>> = {
  whoAmI: async (call: Call<unknown, unknown, unknown>) => {
    seen.push(call);
    return ok({ body: { person, scopes: call.caller?.scopes ?? [] } });
  },
  revokeException: async (call: Call<unknown, unknown, unknown>) => {
    seen.push(call);
    return call.ifMatch === 7 || call.ifMatch === null
      ? ok({ body: { done: true }, seq: 8, isDurable: false, isConfirmed: false })
      : failed(fault('changed_meanwhile', 'look again'));
  },
  requestException: async (call: Call<unknown, unknown, unknown>) => {
    seen.push(call);
    return failed(fault('boundary', 'the destination is outside the boundary'));
  },
  checkProposal: async (call: Call<unknown, unknown, unknown>) => {
    seen.push(call);
    return ok({ body: { done: true } });
  },
  listPeople: async () => {
    throw new Error('a secret of the house');
  },
};
const used = Object.fromEntries(Object.entries(endpoints).filter(([id]) => Object.hasOwn(handlers, id)));

before(async () => {
  server = createApi({
    endpoints: used,
    handlers,
    streams: {},
    document: describeApi({ ...endpoints }, '0.1.0'),
    problems: { boundary: { status: 422, title: 'outside the boundary' } },
    authenticate: async (token) =>
      token === 'good' || token === 'narrow'
        ? ok({
            actor: { kind: 'person', id: 'ana', via: 'token', credential: 'T1' },
            person: 'ana',
            scopes: token === 'good' ? ['read', 'exception:request', 'exception:revoke'] : ['audit:read'],
            seal: 'S1',
          })
        : failed(fault('token_refused', 'the token is unknown, revoked or over')),
    recall: () => failed(fault('session_over', 'the session is over')),
    onRefused: async ({ person: who }, endpointId, { code }) => {
      refusals.push([who, endpointId, code]);
    },
    clock: { now: () => now },
    newId: () => '01KAR6F1R8000000000000000A',
    onFailure: (_where, error) => failures.push(error),
    tls: null,
    hostNames: ['console.example'],
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  base = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
});
after(() => server.close());

interface Ask {
  readonly method?: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(
  path: string,
  { method = 'GET', token, body, headers = {} }: Ask = {},
): Promise<{
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

const asked = {
  service: 'payments-api',
  to: 'bank.example.com:443',
  durationSeconds: 3600,
  owner: 'team-payments',
  reason: 'month end settlement',
};

test('no token, a refused one and one that does not carry it are three different problems', async () => {
  const none = await ask('/api/v1/me');
  assert.deepEqual([none.status, none.body['code']], [401, 'token_missing']);
  assert.equal(none.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  assert.match(none.headers.get('www-authenticate') ?? '', /^Bearer /);
  const refused = await ask('/api/v1/me', { token: 'bad' });
  assert.deepEqual([refused.status, refused.body['code']], [401, 'token_refused']);
  const narrow = await ask('/api/v1/me', { token: 'narrow' });
  assert.deepEqual([narrow.status, narrow.body['code']], [403, 'scope_missing']);
  const good = await ask('/api/v1/me', { token: 'good' });
  assert.deepEqual([good.status, good.body['person']], [200, person]);
  assert.equal(good.headers.get('cache-control'), 'no-store');
  assert.equal(good.headers.get('exeat-request-id'), '01KAR6F1R8000000000000000A');
});

test('whoever tries to change something and is refused is told of; looking, and who is unknown, is not', async () => {
  refusals.length = 0;
  const path = '/api/v1/exceptions/01KAR6F1R8000000000000000B/revoke';
  const revoke = async (token: string, body: object): Promise<number> =>
    (await ask(path, { method: 'POST', token, body })).status;
  const reason = 'not needed any more';
  assert.equal(await revoke('narrow', { reason }), 403);
  assert.equal(await revoke('good', { why: reason }), 400);
  assert.equal(await revoke('bad', { reason }), 401);
  assert.equal((await ask('/api/v1/me', { token: 'narrow' })).status, 403);
  assert.deepEqual(refusals, [
    ['ana', 'revokeException', 'scope_missing'],
    ['ana', 'revokeException', 'request_malformed'],
  ]);
});

test('guessing tokens ends after thirty tries a minute and begins anew later; who has a token is not held back', async () => {
  now += 120_000;
  for (let i = 0; i < 30; i++) assert.equal((await ask('/api/v1/me', { token: `guess-${i}` })).status, 401);
  const blocked = await ask('/api/v1/me', { token: 'guess-30' });
  assert.deepEqual([blocked.status, blocked.body['code']], [429, 'too_many_attempts']);
  // Whoever shares an address with the one who guesses must still be able to revoke.
  assert.equal((await ask('/api/v1/me', { token: 'good' })).status, 200);
  now += 60_000;
  assert.equal((await ask('/api/v1/me', { token: 'guess-31' })).status, 401);
});

test('a request is read whole or refused with every field that is wrong; unknown keys are wrong', async () => {
  seen = [];
  const bad = await ask('/api/v1/exceptions', {
    method: 'POST',
    token: 'good',
    body: { ...asked, durationSeconds: -1, reason: 'x\u202ey', extra: true },
  });
  assert.deepEqual([bad.status, bad.body['code']], [400, 'request_malformed']);
  const at = (bad.body['fields'] as { at: string }[]).map((field) => field.at).sort();
  assert.deepEqual(at, ['body', 'body.durationSeconds', 'body.reason']);
  assert.equal(seen.length, 0, 'no handler saw it');
  const refused = await ask('/api/v1/exceptions', { method: 'POST', token: 'good', body: asked });
  assert.deepEqual(
    [refused.status, refused.body['code'], refused.body['title']],
    [422, 'boundary', 'outside the boundary'],
  );
  assert.deepEqual(seen[0]?.body, {
    ...asked,
    identity: null,
    via: [],
    startAt: null,
    bytesUp: null,
    bytesDown: null,
    beneficiary: null,
    ticket: null,
    decision: null,
  });
});

test('an act has the place it was read at, its key once, and says when it is not written down yet', async () => {
  seen = [];
  const path = '/api/v1/exceptions/01KAR6F1R8000000000000000B/revoke';
  const body = { reason: 'not needed any more' };
  const done = await ask(path, {
    method: 'POST',
    token: 'good',
    body,
    headers: { 'if-match': '"7"', 'idempotency-key': 'k-1' },
  });
  const headers = ['etag', 'exeat-durable', 'exeat-confirmed'].map((name) => done.headers.get(name));
  assert.deepEqual([done.status, ...headers], [200, '"8"', 'false', 'false']);
  await ask(path.replace('000B', '000C'), {
    method: 'POST',
    token: 'good',
    body,
    headers: { 'idempotency-key': 'k-1' },
  });
  assert.equal(seen[0]?.once?.key, 'k-1');
  assert.notEqual(seen[0]?.once?.digest, seen[1]?.once?.digest, 'the path belongs to what was asked');
  const stale = await ask(path, { method: 'POST', token: 'good', body, headers: { 'if-match': '"6"' } });
  assert.deepEqual([stale.status, stale.body['code']], [412, 'changed_meanwhile']);
  const odd = await ask(path, { method: 'POST', token: 'good', body, headers: { 'if-match': 'seven' } });
  assert.equal(odd.status, 400);
});

test('a defect of ours tells the caller nothing but the request id', async () => {
  const broken = await ask('/api/v1/people', { token: 'good' });
  assert.deepEqual([broken.status, broken.body['code']], [500, 'failed']);
  assert.doesNotMatch(JSON.stringify(broken.body), /secret of the house/);
  assert.equal(failures.length, 1);
});

test('what is not there, too large, or no JSON is a problem too', async () => {
  assert.deepEqual((await ask('/api/v1/nothing', { token: 'good' })).body['code'], 'not_found');
  const wrong = await ask('/api/v1/people?limit=1', { method: 'DELETE', token: 'good' });
  assert.deepEqual([wrong.status, wrong.body['code']], [405, 'method_not_allowed']);
  assert.match(wrong.headers.get('allow') ?? '', /^GET(, [A-Z]+)*$/);
  const huge = await ask('/api/v1/exceptions', { method: 'POST', token: 'good', body: 'x'.repeat(70_000) });
  assert.deepEqual([huge.status, huge.body['code']], [413, 'body_too_large']);
  const text = await ask('/api/v1/exceptions', { method: 'POST', token: 'good', body: '{ "service": ' });
  assert.deepEqual([text.status, text.body['code']], [400, 'request_malformed']);
});

test('a stranger’s name that points at us is refused, ours and addresses are not', async () => {
  const byHost = async (host: string): Promise<number | undefined> => {
    const call = httpRequest(`${base}/api/openapi.json`, { headers: { host } });
    call.end();
    const [response] = (await once(call, 'response')) as [{ statusCode?: number; resume(): void }];
    response.resume();
    return response.statusCode;
  };
  assert.equal(await byHost('rebound.example.net'), 421);
  assert.equal(await byHost('console.example:8440'), 200);
  assert.equal(await byHost('[::1]:8440'), 200);
});

test('the API describes every endpoint of the contract, with what each needs', async () => {
  const { body } = await ask('/api/openapi.json');
  assert.equal(body['openapi'], '3.1.0');
  const paths = body['paths'] as Record<string, Record<string, Record<string, unknown>>>;
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  assert.equal(operations.length, Object.keys(endpoints).length);
  const approve = paths['/exceptions/{id}/approve']?.['post'] ?? {};
  assert.deepEqual(approve['security'], [{ token: ['exception:approve'] }, { session: [] }]);
  const parameters = (approve['parameters'] as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(parameters, ['id', 'Idempotency-Key', 'If-Match']);
  assert.ok(JSON.stringify(approve['requestBody']).includes('"digest"'));
});

test('a large body is read only from who may send one, and only up to its bound', async () => {
  const send = async (token: string | null, bytes: number): Promise<number> => {
    const body = JSON.stringify({ policyVersion: 'sha256:1', files: [{ path: 'a.yaml', text: 'x'.repeat(bytes) }] });
    const headers = {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(`${base}/api/v1/policy/check`, { method: 'POST', headers, body });
    await response.text();
    return response.status;
  };
  seen = [];
  assert.equal(await send('good', 500_000), 200);
  assert.equal(seen.length, 1);
  assert.equal(await send('good', 3_000_000), 413);
  assert.equal(await send('narrow', 500_000), 403);
  // Nothing of the body is waited for: it never comes.
  const request = httpRequest(`${base}/api/v1/policy/check`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': 500_000 },
  });
  request.flushHeaders();
  const [response] = await once(request, 'response');
  assert.equal(response.statusCode, 401);
  request.destroy();
  assert.equal(seen.length, 1);
});

test('a path of a proposal names a file below the policy folder, and nothing else', async () => {
  for (const path of [
    '../a.yaml',
    '/etc/a.yaml',
    'a/../b.yaml',
    './a.yaml',
    '.a.yaml',
    'a//b.yaml',
    'a\\b.yaml',
    'a\u0000.yaml',
    'a.txt',
    '',
  ]) {
    const body = JSON.stringify({ policyVersion: 'sha256:1', files: [{ path, text: '' }] });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer good' };
    const response = await fetch(`${base}/api/v1/policy/check`, { method: 'POST', headers, body });
    assert.equal(response.status, 400, path);
  }
});
