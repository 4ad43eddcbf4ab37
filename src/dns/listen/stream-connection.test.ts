import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { skipUnless } from '../../../test/support/requires.ts';
import type { AnswerQuery } from './dns-client.ts';
import {
  createHandClock,
  echoQuery,
  framed,
  openTcpClient,
  openUdpClient,
  queryFor,
  startListener,
  until,
} from './listening.playbook.ts';

/** A filter whose answers come when the test says so, by the id of the query. */
function createHeldFilter() {
  const held = new Map<number, () => void>();
  const answer: AnswerQuery = (query) => {
    const reply = query.slice();
    reply[2] = (reply[2] ?? 0) | 0x80;
    const id = ((query[0] ?? 0) << 8) | (query[1] ?? 0);
    return new Promise((resolve) => held.set(id, () => resolve(reply)));
  };
  return { held, answer };
}

const idOf = (bytes: Buffer): number => bytes.readUInt16BE(0);

test('a client that sends byte by byte, and one that sends much at once, get their answers', async (context) => {
  const { listener, port } = await startListener();
  context.after(() => listener.close({ drainMs: 0 }));
  const slow = await openTcpClient(port('tcp'));
  for (const byte of framed(queryFor('slow.example', 1))) {
    slow.socket.write(Uint8Array.of(byte));
    await delay(1);
  }
  const many = await openTcpClient(port('tcp'));
  many.socket.write(Buffer.concat(Array.from({ length: 500 }, (_, id) => framed(queryFor('many.example', id)))));
  await until(() => slow.got.length === 1 && many.got.length === 500, 'all answers');
  assert.deepEqual(
    many.got.map(idOf),
    Array.from({ length: 500 }, (_, id) => id),
  );
  assert.equal(listener.counts().questions.tcp, 501);
});

test('a message of 65,535 bytes goes in and comes back', async (context) => {
  const { listener, port } = await startListener();
  context.after(() => listener.close({ drainMs: 0 }));
  const client = await openTcpClient(port('tcp'));
  const query = Buffer.alloc(65_535, 7);
  query[2] = 0;
  client.socket.write(framed(query));
  await until(() => client.got.length === 1, 'the reply');
  assert.equal(client.got[0]?.length, 65_535);
});

test('answers go out as they come, and the client may close its side first', async (context) => {
  const { held, answer } = createHeldFilter();
  const { listener, port } = await startListener({ answer });
  context.after(() => listener.close({ drainMs: 0 }));
  const client = await openTcpClient(port('tcp'));
  client.socket.end(Buffer.concat([1, 2, 3].map((id) => framed(queryFor('a.example', id)))));
  await until(() => held.size === 3, 'three questions');
  for (const id of [3, 1, 2]) {
    held.get(id)?.();
    await until(() => client.got.some((bytes) => idOf(bytes) === id), `the answer ${id}`);
  }
  assert.deepEqual(client.got.map(idOf), [3, 1, 2]);
  await until(client.isClosed, 'the connection closes');
});

test('at most 32 questions of a connection are in flight, the others stay unread', async (context) => {
  const { held, answer } = createHeldFilter();
  const { listener, port } = await startListener({ answer });
  context.after(() => listener.close({ drainMs: 0 }));
  const client = await openTcpClient(port('tcp'));
  client.socket.write(Buffer.concat(Array.from({ length: 40 }, (_, id) => framed(queryFor('a.example', id)))));
  await until(() => held.size === 32, '32 questions');
  await delay(50);
  assert.equal(listener.counts().inFlight, 32);
  for (let id = 0; id < 40; id += 1) {
    await until(() => held.has(id), `question ${id}`);
    held.get(id)?.();
  }
  await until(() => client.got.length === 40, 'all answers');
});

test('past the answers in flight in all, connections wait and go on', async (context) => {
  const { held, answer } = createHeldFilter();
  const { listener, port, reasons } = await startListener({ answer, limits: { maxInFlight: 2 } });
  context.after(() => listener.close({ drainMs: 0 }));
  const first = await openTcpClient(port('tcp'));
  const second = await openTcpClient(port('tcp'));
  first.socket.write(Buffer.concat([1, 2].map((id) => framed(queryFor('a.example', id)))));
  await until(() => held.size === 2, 'two questions');
  second.socket.write(Buffer.concat([3, 4, 5].map((id) => framed(queryFor('b.example', id)))));
  await until(() => reasons().in_flight_full > 0, 'the second waits');
  assert.equal(held.size, 2);
  for (const id of [1, 2, 3, 4, 5]) {
    await until(() => held.has(id), `question ${id}`);
    held.get(id)?.();
  }
  await until(() => second.got.length === 3, 'the second has its answers');
});

test('a client over its rate is read again after a while, and the filter is told', async (context) => {
  const clock = createHandClock();
  const over: boolean[] = [];
  const answer: AnswerQuery = (query, client, into) => {
    over.push(client.isOverRate);
    return echoQuery(query, client, into);
  };
  const limits = { questionBurst: 3, questionsPerSecond: 1, slowMs: 40 };
  const { listener, port, reasons } = await startListener({ answer, clock, limits });
  context.after(() => listener.close({ drainMs: 0 }));
  const client = await openTcpClient(port('tcp'));
  const startedAt = performance.now();
  client.socket.write(Buffer.concat([1, 2, 3, 4, 5, 6].map((id) => framed(queryFor('a.example', id)))));
  await until(() => client.got.length === 6, 'all six');
  assert.ok(performance.now() - startedAt >= 75, 'two pauses came between');
  assert.deepEqual(over, [false, false, false, true, true, true]);
  assert.equal(reasons().over_rate_slowed, 3);
});

test('a peer that reads nothing is cut, and so is one that takes no answer in time', async (context) => {
  const answer: AnswerQuery = (query, _client, into) => {
    into.fill(0, 0, 60_000);
    into.set(query.subarray(0, 12));
    return 60_000;
  };
  const { listener, port, reasons } = await startListener({ answer, limits: { idleTimeoutMs: 300 } });
  context.after(() => listener.close({ drainMs: 0 }));
  const deaf = await openTcpClient(port('tcp'));
  deaf.socket.pause();
  deaf.socket.write(Buffer.concat(Array.from({ length: 400 }, (_, id) => framed(queryFor('a.example', id)))));
  await until(() => reasons().unread === 1, 'the deaf peer is cut');
  deaf.socket.destroy();
  await until(() => listener.counts().connections === 0, 'nothing is left of it');
});

test('many large answers at once to a peer that does not read are bounded', async (context) => {
  const { held, answer } = createHeldFilter();
  const big: AnswerQuery = (query, client, into) => {
    void answer(query, client, into);
    const id = ((query[0] ?? 0) << 8) | (query[1] ?? 0);
    return new Promise((resolve) => held.set(id, () => resolve(new Uint8Array(65_000))));
  };
  const limits = { maxConnectionInFlight: 200, maxUnsentBytes: 100_000 };
  const { listener, port, reasons } = await startListener({ answer: big, limits });
  context.after(() => listener.close({ drainMs: 0 }));
  const deaf = await openTcpClient(port('tcp'));
  deaf.socket.pause();
  deaf.socket.write(Buffer.concat(Array.from({ length: 200 }, (_, id) => framed(queryFor('a.example', id)))));
  await until(() => held.size === 200, 'all questions');
  for (const release of held.values()) release();
  await until(() => reasons().unread === 1, 'it is cut');
  deaf.socket.destroy();
});

test('who asks nothing, half a question, or nothing more is cut in time, each with its reason', async (context) => {
  const limits = { firstQuestionTimeoutMs: 80, idleTimeoutMs: 120 };
  const { listener, port, reasons } = await startListener({ limits });
  context.after(() => listener.close({ drainMs: 0 }));
  const silent = await openTcpClient(port('tcp'));
  const trickling = await openTcpClient(port('tcp'));
  const asking = await openTcpClient(port('tcp'));
  const dripping = setInterval(() => trickling.socket.write(Uint8Array.of(0)), 20);
  trickling.socket.write(Uint8Array.of(255, 255));
  asking.socket.write(framed(queryFor('a.example')));
  await until(() => silent.isClosed() && trickling.isClosed() && asking.isClosed(), 'all three are cut');
  clearInterval(dripping);
  assert.deepEqual([reasons().first_question_late, reasons().idle, asking.got.length], [2, 1, 1]);
});

test('a connection that sends what is no query is cut', async (context) => {
  const { listener, port, reasons } = await startListener();
  context.after(() => listener.close({ drainMs: 0 }));
  const response = queryFor('a.example');
  response[2] = 0x81;
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(11), response]) {
    const client = await openTcpClient(port('tcp'));
    client.socket.write(framed(bytes));
    await until(client.isClosed, 'it is cut');
  }
  assert.equal(reasons().not_a_query, 3);
});

test('any bytes in any pieces leave the listener as it was', async (context) => {
  const { listener, port } = await startListener({ limits: { firstQuestionTimeoutMs: 100 } });
  context.after(() => listener.close({ drainMs: 0 }));
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 6 });
  for (const each of fc.sample(pieces, 60)) {
    const client = await openTcpClient(port('tcp'));
    for (const piece of each) client.socket.write(piece);
    client.socket.end();
    await until(client.isClosed, 'the connection closes');
  }
  const client = await openTcpClient(port('tcp'));
  client.socket.write(framed(queryFor('a.example')));
  await until(() => client.got.length === 1, 'an answer after all that');
});

test('one source has 64 connections, all have 512, and the others are reset', async (context) => {
  const { listener, port, reasons } = await startListener();
  context.after(() => listener.close({ drainMs: 0 }));
  const sources = Array.from({ length: 1_000 }, (_, at) => `127.0.0.${2 + (at % 9)}`);
  const clients = await Promise.all(sources.map((from) => openTcpClient(port('tcp'), from)));
  context.after(() => clients.map((client) => client.socket.destroy()));
  await until(() => clients.filter((client) => client.isClosed()).length === 1_000 - 512, 'the others are reset');
  assert.equal(listener.counts().connections, 512);
  assert.equal(reasons().source_limit + reasons().connection_limit, 1_000 - 512);
  const open = clients.filter((client) => !client.isClosed());
  for (const client of open) client.socket.write(framed(queryFor('a.example')));
  await until(() => open.every((client) => client.got.length === 1), 'all that are open are answered');
  for (const client of open.slice(0, 100)) client.socket.destroy();
  await until(() => listener.counts().connections === 412, 'room again');
  for (let count = 0; count < 70; count += 1) clients.push(await openTcpClient(port('tcp'), '127.0.0.20'));
  await until(() => listener.counts().connections === 412 + 64, '64 of one source');
});

test('TCP over IPv6 works beside IPv4 on wildcards', { skip: skipUnless('ipv6') }, async (context) => {
  const seen: string[] = [];
  const answer: AnswerQuery = (query, client, into) => {
    seen.push(client.address);
    return echoQuery(query, client, into);
  };
  const { listener, port } = await startListener({ answer, host: '0.0.0.0' });
  context.after(() => listener.close({ drainMs: 0 }));
  const both = await listener.listen(
    (['udp', 'tcp'] as const).map((transport) => ({ transport, host: '::', port: port(transport) })),
  );
  assert.ok(both.ok, JSON.stringify(both));
  const udp4 = await openUdpClient();
  const udp6 = await openUdpClient('::1');
  context.after(() => [udp4.close(), udp6.close()]);
  const tcp = [await openTcpClient(port('tcp')), await openTcpClient(port('tcp'), '::1')];
  for (const client of tcp) client.socket.write(framed(queryFor('a.example')));
  for (const client of [udp4, udp6]) client.send(queryFor('a.example'), port('udp'));
  await until(() => [...tcp, udp4, udp6].every((client) => client.got.length === 1), 'four answers');
  assert.deepEqual(seen.sort(), ['127.0.0.1', '127.0.0.1', '::1', '::1']);
});

test('closing lets connections have the answers under way and no others', async (context) => {
  const { held, answer } = createHeldFilter();
  const { listener, port } = await startListener({ answer });
  context.after(() => listener.close({ drainMs: 0 }));
  const idle = await openTcpClient(port('tcp'));
  const busy = await openTcpClient(port('tcp'));
  busy.socket.write(framed(queryFor('a.example', 9)));
  await until(() => held.size === 1, 'the question');
  const startedAt = performance.now();
  const closing = listener.close({ drainMs: 5_000 });
  await until(idle.isClosed, 'the idle one closes at once');
  held.get(9)?.();
  busy.socket.once('end', () => busy.socket.end());
  await closing;
  assert.ok(performance.now() - startedAt < 4_000, 'it did not wait for the clock');
  if (!busy.isClosed()) await once(busy.socket, 'close');
  assert.deepEqual(busy.got.map(idOf), [9]);
});
