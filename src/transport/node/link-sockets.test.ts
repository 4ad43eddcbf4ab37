import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { resetSocket } from './link-sockets.ts';

test('a socket whose end is on its way is closed by a reset, and its descriptor is not lost', async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const errors: unknown[] = [];
  socket.on('error', (error) => errors.push(error));
  await once(socket, 'connect');
  const [peer] = await accepted;
  peer.on('error', () => peer.destroy());
  socket.end();
  resetSocket(socket);
  await once(socket, 'close');
  peer.resume().end('too late');
  await once(peer, 'close');
  assert.deepEqual(errors, []);
  server.close();
});
