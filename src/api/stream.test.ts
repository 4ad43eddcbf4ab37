import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { createStreamSeats, type StreamEvent, writeStream } from './stream.ts';

test('a reader that takes nothing is cut, and nothing was read ahead for it', async () => {
  let told = 0;
  async function* flood(): AsyncGenerator<StreamEvent> {
    for (;;) {
      told += 1;
      yield { id: String(told), event: 'decision', data: 'x'.repeat(10_000) };
    }
  }
  const server = Fastify();
  const stop = new AbortController();
  let written: Promise<void> | null = null;
  server.get('/', (_request, reply) => {
    written = writeStream(reply, flood(), { stop, mayGoOn: async () => true, drainMs: 300 });
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  socket.pause();
  await once(socket, 'connect');
  while (told === 0) await sleep(5);
  await written;
  const atEnd = told;
  // What the kernel's buffers of both ends hold, and no more.
  assert.ok(atEnd < 2_000, `${atEnd} events were read`);
  await sleep(50);
  assert.equal(told, atEnd);
  assert.ok(stop.signal.aborted);
  socket.destroy();
  await server.close();
});

test('each person has six seats, and a seat that was given back is free', () => {
  const seats = createStreamSeats();
  const taken = Array.from({ length: 6 }, () => seats.take('ana'));
  assert.ok(taken.every((free) => free !== null));
  assert.equal(seats.take('ana'), null);
  assert.notEqual(seats.take('ben'), null);
  taken[0]?.();
  assert.notEqual(seats.take('ana'), null);
  let all = 7;
  for (let person = 0; seats.take(`person-${person}`) !== null; person += 1) all += 1;
  assert.equal(all, 64);
});
