import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { decode } from 'dns-packet';
import fc from 'fast-check';
import { skipUnless } from '../../../test/support/requires.ts';
import type { DatagramSocket, OnDatagram, SendOutcome } from '../../transport/index.ts';
import type { AnswerQuery } from './dns-client.ts';
import { createHandClock, echoQuery, openUdpClient, queryFor, startListener, until } from './listening.playbook.ts';

test('a question over UDP is answered at once, or later, from the address that was asked', async (context) => {
  const seen: string[] = [];
  const answer: AnswerQuery = (query, client, into) => {
    seen.push(`${client.transport} ${client.address} ${client.maxBytes} ${client.isOverRate} ${client.proofs.length}`);
    const length = echoQuery(query, client, into);
    return query[1] === 2 ? Promise.resolve(into.slice(0, length as number)) : length;
  };
  const { listener, port } = await startListener({ answer });
  const client = await openUdpClient();
  context.after(() => Promise.all([listener.close({ drainMs: 0 }), client.close()]));
  client.send(queryFor('a.example', 1), port('udp'));
  client.send(queryFor('b.example', 2), port('udp'));
  await until(() => client.got.length === 2, 'two replies');
  const names = client.got.map((bytes) => decode(bytes).questions?.[0]?.name).sort();
  assert.deepEqual(names, ['a.example', 'b.example']);
  assert.deepEqual(seen, Array(2).fill('udp 127.0.0.1 1232 false 0'));
  const counts = listener.counts();
  assert.deepEqual([counts.questions.udp, counts.inFlight, counts.clients], [2, 0, 1]);
});

test('a question over IPv6 is answered', { skip: skipUnless('ipv6') }, async (context) => {
  const { listener, port } = await startListener({ host: '::1' });
  const client = await openUdpClient('::1');
  context.after(() => Promise.all([listener.close({ drainMs: 0 }), client.close()]));
  client.send(queryFor('a.example'), port('udp'));
  await until(() => client.got.length === 1, 'a reply');
  assert.equal(client.got[0]?.readUInt16BE(0), 4711);
});

test('what is no query never comes to the filter: two servers cannot talk to each other', async (context) => {
  const { listener, port, reasons } = await startListener();
  const client = await openUdpClient();
  context.after(() => Promise.all([listener.close({ drainMs: 0 }), client.close()]));
  const response = queryFor('a.example');
  response[2] = (response[2] ?? 0) | 0x80;
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(11), response]) client.send(bytes, port('udp'));
  client.send(queryFor('last.example'), port('udp'));
  await until(() => client.got.length === 1, 'one reply');
  assert.equal(reasons().not_a_query, 3);
  assert.equal(listener.counts().questions.udp, 1);
});

test('a filter that throws, rejects or gives what is no reply becomes a header with SERVFAIL', async (context) => {
  const kinds: readonly (() => ReturnType<AnswerQuery>)[] = [
    () => -1,
    () => Number.NaN,
    () => 11,
    () => 1_233,
    () => Promise.reject(new Error('lost')),
    () => Promise.resolve(new Uint8Array(11)),
    () => Promise.resolve(new Uint8Array(1_233)),
    () => 'text' as unknown as number,
    () => assert.fail('broken'),
  ];
  const answer: AnswerQuery = (query) => kinds[query[1] ?? 0]?.() ?? 0;
  const { listener, port, reasons } = await startListener({ answer });
  const client = await openUdpClient();
  context.after(() => Promise.all([listener.close({ drainMs: 0 }), client.close()]));
  for (let id = 0; id < kinds.length; id += 1) client.send(queryFor('a.example', id), port('udp'));
  await until(() => client.got.length === kinds.length, 'all replies');
  const ids = client.got.map((bytes) => bytes.readUInt16BE(0)).sort((a, b) => a - b);
  assert.deepEqual(
    ids,
    Array.from({ length: kinds.length }, (_, id) => id),
  );
  for (const bytes of client.got) assert.equal(bytes.subarray(2).toString('hex'), '81020000000000000000');
  assert.equal(reasons().filter_failed, kinds.length);
});

test('a filter that drops or is late: nothing, and SERVFAIL', async (context) => {
  const answer: AnswerQuery = (query) =>
    query[1] === 1 ? 0 : query[1] === 2 ? Promise.resolve(null) : new Promise<null>(() => undefined);
  const { listener, port, reasons } = await startListener({ answer, limits: { answerTimeoutMs: 50 } });
  const client = await openUdpClient();
  context.after(() => Promise.all([listener.close({ drainMs: 0 }), client.close()]));
  for (const id of [1, 2, 3]) client.send(queryFor('a.example', id), port('udp'));
  await until(() => client.got.length === 1, 'one reply');
  assert.equal(client.got[0]?.toString('hex'), '000381020000000000000000');
  assert.deepEqual([reasons().filter_dropped, reasons().filter_late, listener.counts().inFlight], [2, 1, 0]);
});

test('past the rate every second datagram gets TC, never longer than the query, until time has passed', async (context) => {
  const clock = createHandClock();
  const { listener, port, reasons } = await startListener({
    clock,
    limits: { questionsPerSecond: 10, questionBurst: 5 },
  });
  const client = await openUdpClient();
  context.after(() => Promise.all([listener.close({ drainMs: 0 }), client.close()]));
  const query = queryFor('a.example');
  for (let count = 0; count < 5 + 20; count += 1) client.send(query, port('udp'));
  await until(() => reasons().over_rate_dropped + reasons().over_rate_truncated === 20, 'twenty over the rate');
  await until(() => client.got.length === 15, 'five answers and ten with TC');
  const truncated = client.got.filter((bytes) => ((bytes[2] ?? 0) & 2) !== 0);
  assert.equal(truncated.length, 10);
  for (const bytes of truncated) {
    assert.ok(bytes.length <= query.length);
    assert.equal(decode(bytes).questions?.[0]?.name, 'a.example');
  }
  clock.nowMs += 300;
  for (let count = 0; count < 4; count += 1) client.send(query, port('udp'));
  await until(() => listener.counts().questions.udp === 8, 'three more in 300 ms');
});

test('past the answers in flight UDP is dropped, and one client never has them all', async (context) => {
  const answer: AnswerQuery = () => new Promise<null>(() => undefined);
  const limits = { maxInFlight: 6, maxClientInFlight: 4, answerTimeoutMs: 60_000 };
  const { listener, port, reasons } = await startListener({ answer, limits });
  const client = await openUdpClient();
  const other = await openUdpClient('127.0.0.2');
  context.after(() => Promise.all([listener.close({ drainMs: 0 }), client.close(), other.close()]));
  for (let id = 0; id < 10; id += 1) client.send(queryFor('a.example', id), port('udp'));
  await until(() => reasons().in_flight_full === 6, 'six dropped of one client');
  assert.equal(listener.counts().inFlight, 4);
});

test('no bytes at all make it crash or answer what was not asked', async (context) => {
  const { listener, port } = await startListener({ limits: { questionBurst: 10, questionsPerSecond: 10 } });
  const client = await openUdpClient();
  context.after(() => Promise.all([listener.close({ drainMs: 0 }), client.close()]));
  const sent = new Set<string>();
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 1_500 }),
    fc.uint8Array({ minLength: 12, maxLength: 40 }),
    fc.nat(28).map((length) => queryFor('a.example').subarray(0, length)),
  );
  for (const each of fc.sample(bytes, 400)) {
    sent.add(Buffer.from(each.subarray(0, 2)).toString('hex'));
    client.send(each, port('udp'));
    // The kernel drops what does not fit while nobody reads.
    if (sent.size % 8 === 0) await delay(1);
  }
  const seen = (): number => {
    const { questions, reasons } = listener.counts();
    return questions.udp + reasons.not_a_query + reasons.over_rate_dropped + reasons.over_rate_truncated;
  };
  await until(() => seen() === 400, 'all were looked at');
  for (const reply of client.got) assert.ok(sent.has(reply.subarray(0, 2).toString('hex')));
  assert.ok(client.got.length > 0);
});

interface FakeSocket {
  readonly createDatagramSocket: () => DatagramSocket;
  /** The batches that were sent, each reply with its bytes and its length. */
  readonly sent: readonly (readonly { readonly bytes: Uint8Array; readonly length: number }[])[];
  receive: OnDatagram;
}

/** A socket that gives these outcomes of sending, and `sent` after them. */
function createFakeSocket(outcomes: readonly SendOutcome[] = []): FakeSocket {
  const sent: { bytes: Uint8Array; length: number }[][] = [];
  const fake: FakeSocket = {
    sent,
    receive: () => undefined,
    createDatagramSocket: () => ({
      bind: async (address, onDatagram) => {
        fake.receive = onDatagram;
        return { ok: true, value: { host: address.host, port: 53 } };
      },
      send: (batch, count) => {
        sent.push(batch.slice(0, count).map(({ bytes, length }) => ({ bytes, length })));
        return outcomes[sent.length - 1] ?? 'sent';
      },
      close: async () => undefined,
    }),
  };
  return fake;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('behind the port of datagrams: port 0 is dropped, and bytes that are held are not written again', async (context) => {
  const socket = createFakeSocket(['held', 'sent', 'dropped']);
  const seen: string[] = [];
  const answer: AnswerQuery = (query, client, into) => {
    seen.push(`${client.address} ${client.port}`);
    return echoQuery(query, client, into);
  };
  const { createDatagramSocket, sent } = socket;
  const { listener, reasons } = await startListener({ createDatagramSocket, answer, transports: ['udp'] });
  context.after(() => listener.close({ drainMs: 0 }));
  socket.receive(queryFor('a.example'), '192.0.2.1', 0);
  await nextTurn();
  assert.deepEqual([reasons().port_zero, sent.length], [1, 0]);
  const asked = [
    ['a.example', '::ffff:192.0.2.1', 1_024],
    ['bb.example', 'fe80::1%eth0', 1_025],
    ['ccc.example', '192.0.2.2', 1_026],
  ] as const;
  for (const [name, address, port] of asked) {
    socket.receive(queryFor(name), address, port);
    await nextTurn();
  }
  assert.deepEqual(
    sent.map((batch) => batch.map(({ length }) => length)),
    [[27], [28], [29]],
  );
  assert.notEqual(sent[0]?.[0]?.bytes, sent[1]?.[0]?.bytes);
  assert.equal(sent[1]?.[0]?.bytes, sent[2]?.[0]?.bytes);
  assert.equal(reasons().send_queue_full, 1);
  assert.deepEqual(seen, ['192.0.2.1 1024', 'fe80::1 1025', '192.0.2.2 1026']);
});

test('replies of one turn go out together at its end, at most 32 at once, each in memory of its own', async (context) => {
  const socket = createFakeSocket(['sent', 'dropped']);
  const { createDatagramSocket, sent } = socket;
  const { listener, reasons } = await startListener({ createDatagramSocket, transports: ['udp'] });
  context.after(() => listener.close({ drainMs: 0 }));
  for (let id = 0; id < 32 + 3; id += 1) {
    socket.receive(queryFor('a.example', id), '192.0.2.1', 1_024);
    assert.equal(sent.length, id < 31 ? 0 : 1, 'the first 32 fill a batch');
  }
  await nextTurn();
  assert.deepEqual(
    sent.map((batch) => batch.length),
    [32, 3],
  );
  assert.deepEqual(
    sent[0]?.map(({ bytes }) => bytes[1]),
    [32, 33, 34, ...Array.from({ length: 29 }, (_, at) => at + 3)],
  );
  assert.equal(new Set(sent[0]?.map(({ bytes }) => bytes)).size, 32);
  assert.equal(reasons().send_queue_full, 3);
});

test('replies that were not sent yet go out when the listener closes', async () => {
  const socket = createFakeSocket();
  const { listener } = await startListener({
    createDatagramSocket: socket.createDatagramSocket,
    transports: ['udp'],
  });
  socket.receive(queryFor('a.example'), '192.0.2.1', 1_024);
  const closing = listener.close({ drainMs: 0 });
  await closing;
  assert.equal(socket.sent.flat().length, 1);
});

test('an address that is taken, or is not ours, is a fault, and then nothing listens', async (context) => {
  const { listener, port } = await startListener();
  context.after(() => listener.close({ drainMs: 0 }));
  for (const transport of ['udp', 'tcp'] as const) {
    const both = await listener.listen([
      { transport, host: '127.0.0.1', port: 0 },
      { transport, host: '127.0.0.1', port: port(transport) },
    ]);
    assert.ok(!both.ok);
    assert.equal(both.fault.code, 'listen_failed');
  }
  const secure = await listener.listen([{ transport: 'tls', host: '127.0.0.1', port: 0 }]);
  assert.ok(!secure.ok);
  assert.equal(secure.fault.code, 'tls_missing');
  assert.equal(listener.addresses.length, 2);
});

test('an address that is released is free, and the others go on', async (context) => {
  const { listener, port } = await startListener();
  context.after(() => listener.close({ drainMs: 0 }));
  const [tcp, udp] = [port('tcp'), port('udp')];
  await listener.release(listener.addresses.filter(({ transport }) => transport === 'tcp'));
  assert.deepEqual(
    listener.addresses.map((one) => one.port),
    [udp],
  );
  const again = await listener.listen([{ transport: 'tcp', host: '127.0.0.1', port: tcp }]);
  assert.ok(again.ok, JSON.stringify(again));
});

test('an answer that is under way still goes out when the listener closes', async (context) => {
  let finish: (reply: Uint8Array) => void = () => undefined;
  const answer: AnswerQuery = (query) => {
    const copy = query.slice();
    copy[2] = (copy[2] ?? 0) | 0x80;
    return new Promise((resolve) => {
      finish = () => resolve(copy);
    });
  };
  const { listener, port } = await startListener({ answer });
  const client = await openUdpClient();
  context.after(() => client.close());
  client.send(queryFor('a.example', 7), port('udp'));
  await until(() => listener.counts().inFlight === 1, 'the question is there');
  const closing = listener.close({ drainMs: 5_000 });
  client.send(queryFor('late.example', 8), port('udp'));
  finish(new Uint8Array());
  await closing;
  await until(() => client.got.length === 1, 'the reply');
  assert.equal(client.got[0]?.[1], 7);
  assert.deepEqual(listener.addresses, []);
});
