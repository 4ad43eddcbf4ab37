import assert from 'node:assert/strict';
import { constants as tlsConstants } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { Agent } from 'node:https';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import { createAuthority } from '../../../test/support/pki.ts';
import type { PresentedProof } from '../../identity/index.ts';
import type { AnswerQuery } from './dns-client.ts';
import { type Ask, askHttp1, askHttp2, type Reply } from './doh-asks.playbook.ts';
import {
  createHandClock,
  echoQuery,
  type Listening,
  type ListeningOptions,
  queryFor,
  startListener,
  until,
} from './listening.playbook.ts';

const authority = await createAuthority('Test Root');
const server = await authority.issueServer({ names: ['dns.example'] });
const workload = await authority.issueClient({ spiffeId: 'spiffe://corp.example/api' });
const secureContext = createSecureContext({
  cert: server.chainPem,
  key: server.keyPem,
  secureOptions: tlsConstants.SSL_OP_NO_TICKET,
});
const tls = { context: () => secureContext, requestCertificate: true };
const trusted = { ca: authority.certificatePem, servername: 'dns.example' };
const type = 'application/dns-message';
const query = queryFor('a.example', 0);
const dns = query.toString('base64url');

/** A client of one version of HTTP. */
interface Client {
  ask(ask: Ask): Promise<Reply>;
  close(): void;
}

async function serve(context: TestContext, options: ListeningOptions = {}): Promise<Listening> {
  const listening = await startListener({ tls, transports: ['https'], ...options });
  context.after(() => listening.listener.close({ drainMs: 0 }));
  return listening;
}

function openSession(port: number, options = {}): ClientHttp2Session {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ...trusted, ...options });
  session.on('error', () => session.destroy());
  return session;
}

function openHttp2(port: number, options = {}): Client {
  const session = openSession(port, options);
  return { ask: (ask) => askHttp2(session, ask), close: () => session.destroy() };
}

function openHttp1(port: number, options = {}): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...trusted, ...options });
  return { ask: (ask) => askHttp1(agent, port, ask), close: () => agent.destroy() };
}

const versions = [
  { name: 'HTTP/2', open: openHttp2 },
  { name: 'HTTP/1.1', open: openHttp1 },
] as const;

for (const { name, open } of versions) {
  test(`GET, HEAD and POST are answered over ${name}`, async (context) => {
    const { listener, port } = await serve(context, { ttlOf: () => 42.9 });
    const client = open(port('https'));
    context.after(() => client.close());
    const got = await client.ask({ path: `/dns-query?dns=${dns}` });
    assert.equal(got.status, 200);
    assert.equal(got.headers['content-type'], type);
    assert.equal(got.headers['cache-control'], 'private, max-age=42');
    assert.deepEqual([got.body.length, got.body[2]], [query.length, 0x81]);
    const posted = await client.ask({
      method: 'POST',
      path: '/dns-query',
      headers: { 'content-type': type },
      body: query,
    });
    assert.deepEqual(posted.body, got.body);
    const head = await client.ask({ method: 'HEAD', path: `/dns-query?dns=${dns}` });
    assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, `${query.length}`, 0]);
    assert.deepEqual([listener.counts().questions.https, listener.counts().connected], [3, 1]);
  });

  test(`what is asked wrongly over ${name} is refused with a short text, and the connection serves on`, async (context) => {
    const { listener, port } = await serve(context);
    const client = open(port('https'));
    context.after(() => client.close());
    const posts = { method: 'POST', path: '/dns-query', headers: { 'content-type': type } };
    const response = Buffer.from(query);
    response[2] = 0x81;
    const rows: readonly (readonly [number, Ask])[] = [
      [404, { path: '/' }],
      [404, { path: `/dns-querys?dns=${dns}` }],
      [404, { path: `/dns-query/?dns=${dns}` }],
      [404, { path: `/dns-query/name?dns=${dns}` }],
      [404, { path: `/dns-query/name/secret/more?dns=${dns}` }],
      [404, { path: `/dns-query/name/%ff?dns=${dns}` }],
      [404, { path: `/dns-query/na%0ame/secret?dns=${dns}` }],
      [404, { path: `/dns-query/name/${'s'.repeat(300)}?dns=${dns}` }],
      [400, { path: '/dns-query' }],
      [400, { path: '/dns-query?dns=' }],
      [400, { path: `/dns-query?dns=${dns}&dns=${dns}` }],
      [400, { path: `/dns-query?dns=${query.toString('base64')}=` }],
      [400, { path: '/dns-query?dns=AAAA' }],
      [400, { path: `/dns-query?dns=${response.toString('base64url')}` }],
      [413, { path: `/dns-query?dns=${'A'.repeat(6_000)}` }],
      [413, { path: `/dns-query?dns=${'A'.repeat(9_000)}` }],
      [405, { method: 'DELETE', path: '/dns-query' }],
      [405, { method: 'PUT', path: '/dns-query', body: query }],
      [405, { method: 'OPTIONS', path: '/dns-query' }],
      [415, { ...posts, headers: { 'content-type': 'application/json' }, body: query }],
      [415, { method: 'POST', path: '/dns-query', body: query }],
      [400, { ...posts, body: query.subarray(0, 11) }],
      [400, { ...posts }],
    ];
    for (const [status, ask] of rows) {
      const reply = await client.ask(ask);
      assert.equal(reply.status, status, `${ask.method ?? 'GET'} ${ask.path.slice(0, 80)}`);
      assert.ok(reply.body.length < 80 && !/secret|s{20}/.test(reply.body.toString()), reply.body.toString());
    }
    const last = await client.ask({ path: `/dns-query?dns=${dns}` });
    assert.equal(last.status, 200);
    assert.equal(listener.counts().questions.https, 1);
    assert.equal(listener.counts().reasons.request_refused, rows.length);
  });

  test(`a body past 65,535 bytes is refused over ${name}, told or counted`, async (context) => {
    const { listener, port } = await serve(context);
    const headers = { 'content-type': type };
    const told = { ...headers, 'content-length': '65536' };
    const body = Buffer.alloc(65_536);
    for (const each of [told, headers]) {
      const client = open(port('https'));
      const reply = await client.ask({ method: 'POST', path: '/dns-query', headers: each, body }).catch(() => null);
      // A client that is still sending may see the connection end before it reads the status.
      if (reply !== null) assert.equal(reply.status, 413);
      client.close();
    }
    assert.equal(listener.counts().reasons.request_refused, 2);
    const client = open(port('https'));
    context.after(() => client.close());
    const whole = Buffer.alloc(65_535);
    const reply = await client.ask({ method: 'POST', path: '/dns-query', headers, body: whole });
    assert.deepEqual([reply.status, reply.body.length], [200, 65_535]);
  });

  test(`the credential of the path and the certificate are proofs over ${name}`, async (context) => {
    const seen: (readonly PresentedProof[])[] = [];
    const answer: AnswerQuery = (bytes, client, into) => {
      seen.push(client.proofs);
      return echoQuery(bytes, client, into);
    };
    const { port } = await serve(context, { answer });
    const client = open(port('https'), { cert: workload.chainPem, key: workload.keyPem });
    context.after(() => client.close());
    await client.ask({ path: `/dns-query/payments%2Dapi/s%C3%A9cret%2F1?dns=${dns}` });
    await client.ask({ path: `/dns-query?dns=${dns}` });
    const [both = [], alone = []] = seen;
    assert.deepEqual(
      both.map((proof) => proof.kind),
      ['certificate', 'basic'],
    );
    assert.deepEqual(both[1], { kind: 'basic', username: 'payments-api', password: 'sécret/1' });
    assert.deepEqual(
      alone.map((proof) => proof.kind),
      ['certificate'],
    );
  });

  test(`answers that come later, late, never or broken over ${name}`, async (context) => {
    let next: ReturnType<AnswerQuery> = 0;
    const { port, reasons } = await serve(context, {
      answer: () => next,
      ttlOf: () => assert.fail('no lifetime'),
      limits: { answerTimeoutMs: 60 },
    });
    const ask = { path: `/dns-query?dns=${dns}` };
    const client = open(port('https'));
    context.after(() => client.close());
    next = Promise.resolve(Buffer.alloc(20, 1));
    const later = await client.ask(ask);
    assert.deepEqual([later.headers['cache-control'], later.body], ['private, max-age=0', Buffer.alloc(20, 1)]);
    next = new Promise<null>(() => undefined);
    assert.equal((await client.ask(ask)).body.toString('hex'), '000081020000000000000000');
    next = -5;
    assert.equal((await client.ask(ask)).body.toString('hex'), '000081020000000000000000');
    next = 0;
    await assert.rejects(client.ask(ask));
    assert.deepEqual([reasons().filter_late, reasons().filter_failed, reasons().filter_dropped], [1, 1, 1]);
  });

  test(`a client over its rate waits, and one past the answers in flight gets its turn, over ${name}`, async (context) => {
    const clock = createHandClock();
    const held: (() => void)[] = [];
    const answer: AnswerQuery = () =>
      new Promise((resolve) => {
        held.push(() => resolve(Buffer.alloc(12)));
      });
    const limits = { questionBurst: 1, questionsPerSecond: 1, slowMs: 40, maxInFlight: 1 };
    const { port, reasons } = await serve(context, { clock, answer, limits });
    const clients = [open(port('https')), open(port('https'))];
    context.after(() => clients.map((client) => client.close()));
    const startedAt = performance.now();
    const asking = clients.map((client) => client.ask({ path: `/dns-query?dns=${dns}` }));
    await until(() => reasons().in_flight_full === 1, 'the second waits for room');
    assert.ok(performance.now() - startedAt >= 35);
    assert.equal(held.length, 1);
    held[0]?.();
    await until(() => held.length === 2, 'the second is asked');
    held[1]?.();
    const statuses = (await Promise.all(asking)).map((reply) => reply.status);
    assert.deepEqual(statuses, [200, 200]);
    assert.equal(reasons().over_rate_slowed, 1);
  });
}

test('an HTTP/2 client has 32 requests open, even before it was told so', async (context) => {
  const answer: AnswerQuery = () => new Promise<null>(() => undefined);
  const { listener, port } = await serve(context, { answer });
  const session = openSession(port('https'));
  context.after(() => session.destroy());
  for (let count = 0; count < 90; count += 1) {
    session.request({ ':path': `/dns-query?dns=${dns}` }).on('error', () => undefined);
  }
  await until(() => listener.counts().questions.https >= 32, 'the first are asked');
  await delay(50);
  assert.deepEqual([listener.counts().inFlight, listener.counts().questions.https], [32, 32]);
});

test('streams that are opened and taken back at once end the connection', async (context) => {
  const answer: AnswerQuery = () => new Promise<null>(() => undefined);
  const { listener, port, reasons } = await serve(context, { answer, limits: { maxStreamResets: 20 } });
  const session = openSession(port('https'));
  await once(session, 'connect');
  for (let count = 0; count < 200 && !session.destroyed; count += 1) {
    const stream = session.request({ ':path': `/dns-query?dns=${dns}` });
    stream.on('error', () => undefined);
    stream.end();
    await new Promise((resolve) => setImmediate(resolve));
    stream.close(constants.NGHTTP2_CANCEL);
  }
  await until(() => listener.counts().connections === 0, 'the connection is cut');
  assert.equal(reasons().request_flood, 1);
  assert.ok(listener.counts().questions.https < 100);
});

test('a client that leaves in the middle of anything leaves nothing behind', async (context) => {
  const answer: AnswerQuery = () => new Promise<null>(() => undefined);
  const { listener, port } = await serve(context, { answer });
  const request = `GET /dns-query?dns=${dns} HTTP/1.1\r\nhost: a\r\n\r\n`;
  for (const [text, protocol] of [
    ['', 'http/1.1'],
    [request, 'http/1.1'],
    ['', 'h2'],
  ] as const) {
    const asked = listener.counts().questions.https;
    const socket = await openTls(port('https'), text, protocol);
    await until(() => listener.counts().questions.https === asked + (text === '' ? 0 : 1), 'it is asked');
    socket.end();
    await until(() => listener.counts().connections === 0, `it is gone: ${protocol} ${text}`);
  }
  const session = openSession(port('https'));
  session.request({ ':path': `/dns-query?dns=${dns}` }).on('error', () => undefined);
  await until(() => listener.counts().questions.https === 2, 'it is asked');
  session.destroy();
  await until(() => listener.counts().connections === 0, 'the session is gone');
});

test('a client that takes no replies is cut', async (context) => {
  const answer: AnswerQuery = (bytes, _client, into) => {
    into.set(bytes);
    return 60_000;
  };
  const { listener, port, reasons } = await serve(context, { answer, limits: { maxUnsentBytes: 200_000 } });
  const session = openSession(port('https'), { settings: { initialWindowSize: 0 } });
  await once(session, 'connect');
  for (let count = 0; count < 10; count += 1) {
    session.request({ ':path': `/dns-query?dns=${dns}` }).on('error', () => undefined);
  }
  await until(() => listener.counts().connections === 0, 'the connection is cut');
  assert.equal(reasons().unread, 1);
});

test('who asks nothing, half a head, half a body or nothing more is cut in time', async (context) => {
  const limits = { firstQuestionTimeoutMs: 100, idleTimeoutMs: 150 };
  const { listener, port, reasons } = await serve(context, { limits });
  const texts = [
    '',
    `GET /dns-query?dns=${dns} HTTP/1.1\r\nhost: a`,
    `POST /dns-query HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\ncontent-length: 30\r\n\r\nabc`,
    `GET /dns-query?dns=${dns} HTTP/1.1\r\nhost: a\r\n\r\n`,
  ];
  const sockets = await Promise.all(texts.map((text) => openTls(port('https'), text)));
  const session = openSession(port('https'));
  context.after(() => [session.destroy(), ...sockets.map((socket) => socket.destroy())]);
  await until(() => listener.counts().connections === 0 && listener.counts().connected === 5, 'all are cut');
  assert.deepEqual([reasons().first_question_late, reasons().request_late, reasons().idle], [3, 1, 1]);
});

test('bytes that are no HTTP, too long a head, and too much pipelining end the connection', async (context) => {
  const answer: AnswerQuery = () => new Promise<null>(() => undefined);
  const { listener, port, reasons } = await serve(context, { answer });
  const one = `GET /dns-query?dns=${dns} HTTP/1.1\r\nhost: a\r\n\r\n`;
  const texts = ['nonsense\r\n\r\n', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, one.repeat(40)];
  for (const text of texts) {
    const socket = await openTls(port('https'), text);
    await until(() => socket.destroyed, 'it is cut');
  }
  await until(() => listener.counts().connections === 0, 'all are gone');
  assert.deepEqual([reasons().request_refused, reasons().request_flood], [2, 1]);
  const tunnels = [
    'CONNECT a.example:443 HTTP/1.1\r\nhost: a\r\n\r\n',
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'x'.repeat(99)}`,
  ];
  for (const [at, text] of tunnels.entries()) {
    const socket = await openTls(port('https'), text, at === 0 ? 'http/1.1' : 'h2');
    await until(() => socket.destroyed, 'it is cut');
  }
  assert.equal(listener.counts().questions.https, 32);
});

test('closing lets the request that is under way have its answer', async (context) => {
  let release: () => void = () => undefined;
  const answer: AnswerQuery = () =>
    new Promise((resolve) => {
      release = () => resolve(Buffer.alloc(12));
    });
  for (const { open } of versions) {
    const { listener, port } = await serve(context, { answer });
    const client = open(port('https'));
    const asking = client.ask({ path: `/dns-query?dns=${dns}` });
    await until(() => listener.counts().inFlight === 1, 'the question is there');
    const startedAt = performance.now();
    const closing = listener.close({ drainMs: 5_000 });
    release();
    assert.equal((await asking).status, 200);
    await closing;
    assert.ok(performance.now() - startedAt < 4_000);
    client.close();
  }
});

async function openTls(port: number, text: string, protocol = 'http/1.1'): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, ...trusted, ALPNProtocols: [protocol] });
  socket.on('error', () => socket.destroy());
  socket.on('data', () => undefined);
  await once(socket, 'secureConnect');
  if (text !== '') socket.write(text);
  return socket;
}
