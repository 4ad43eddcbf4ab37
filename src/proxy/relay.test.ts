import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startBareListener } from '../../test/support/bare-listener.ts';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { waitFor } from '../../test/support/product.ts';
import type { DecisionRecord } from '../policy/index.ts';
import type { ProxyListener } from './index.ts';

const blob = randomBytes(24 * 1024 * 1024);
const digest = createHash('sha256').update(blob).digest('hex');
const records: DecisionRecord[] = [];
// Sends the blob, takes what the client sends, and answers with its hash once the client is done.
const origin = createServer({ allowHalfOpen: true }, (socket) => {
  const hash = createHash('sha256');
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => hash.update(bytes));
  socket.write(blob);
  socket.on('end', () => socket.end(hash.digest('hex')));
});
let listener: ProxyListener;
let policy = policyOf([]);

before(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as AddressInfo;
  const service = { identities: [identityNode('source:127.0.0.0/8')] };
  policy = policyOf([serviceNode('bulk', { ...service, allow: [ruleNode(`tcp://bulk.example:${port}`)] })]);
  const write = (record: DecisionRecord): boolean => records.push(record) > 0;
  listener = await startBareListener({ policy: () => policy, port, write, progressIntervalMs: 300 });
});

after(async () => {
  await listener.close({ drainMs: 0 });
  origin.close();
});

async function openTunnel(): Promise<Socket> {
  const { port } = origin.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0, allowHalfOpen: true });
  socket.on('error', () => socket.destroy());
  socket.write(`CONNECT bulk.example:${port} HTTP/1.1\r\n\r\n`);
  return socket;
}

// Reads a tunnel to its end, slowly where asked: head, blob, then the origin's hash of what it got.
async function readTunnel(socket: Socket, pauseMs: number): Promise<readonly [blob: string, echoed: string]> {
  let held = Buffer.alloc(0);
  const hash = createHash('sha256');
  let left = -1;
  for await (const bytes of socket) {
    held = Buffer.concat([held, bytes as Buffer]);
    if (left < 0) {
      const end = held.indexOf('\r\n\r\n');
      if (end < 0) continue;
      held = held.subarray(end + 4);
      left = blob.length;
    }
    const part = held.subarray(0, left);
    hash.update(part);
    left -= part.length;
    held = held.subarray(part.length);
    if (pauseMs > 0 && Math.random() < 0.05) await wait(pauseMs);
  }
  return [hash.digest('hex'), held.toString('latin1')];
}

test('slow and fast readers side by side get exactly their bytes, both ways, with half-close', async () => {
  const tunnels = await Promise.all(
    [0, 3, 9].map(async (pauseMs) => {
      const socket = await openTunnel();
      const read = readTunnel(socket, pauseMs);
      socket.end(blob);
      return read;
    }),
  );
  for (const [down, up] of tunnels) assert.deepEqual([down, up], [digest, digest]);
  // A client may hear of the end a moment before what decides does.
  const closesOf = () => records.filter((record) => record.kind === 'close');
  await waitFor(async () => closesOf().length >= 3, 'the ends');
  const closes = closesOf();
  assert.equal(closes.length, 3);
  for (const close of closes) {
    assert.deepEqual([close.bytesUp, close.bytesDown, close.endedBy], [blob.length, blob.length + 64, 'client']);
  }
  assert.deepEqual([listener.counts().connections, listener.counts().byService.size], [0, 0]);
});

test('records of a long tunnel say each whose bytes they are, and tell every byte once', async () => {
  records.length = 0;
  const socket = await openTunnel();
  socket.write(blob.subarray(0, 1000));
  await once(socket, 'readable');
  await waitFor(async () => records.some(({ kind }) => kind === 'progress'), 'progress');
  await readTunnel(socket.end(blob.subarray(1000)), 0);
  await waitFor(async () => records.some(({ kind }) => kind === 'close'), 'close');
  const told = records.filter((record) => record.kind === 'progress' || record.kind === 'close');
  const shares = told.flatMap(({ share }) => share ?? []);
  const sum = (key: 'bytesUp' | 'bytesDown' | 'durationMs'): number => shares.reduce((all, one) => all + one[key], 0);
  const close = told.at(-1);
  assert.ok(told.length > 1 && shares.length === told.length);
  assert.deepEqual(
    [sum('bytesUp'), sum('bytesDown'), sum('durationMs')],
    [close?.bytesUp, close?.bytesDown, close?.durationMs],
  );
  assert.equal(close?.bytesUp, blob.length);
  const { port } = origin.address() as AddressInfo;
  for (const { service, source, destination } of shares) {
    assert.deepEqual([service, destination.host, destination.port], ['bulk', 'bulk.example', port]);
    assert.deepEqual([destination.address, source.startsWith('127.0.0.1:')], ['127.0.0.1', true]);
  }
});

test('a reader that stops holds neither memory nor others up, and is cut when its rule goes', async () => {
  const stuck = await openTunnel();
  stuck.pause();
  await wait(200);
  const [down] = await readTunnel((await openTunnel()).end(), 0);
  assert.equal(down, digest);
  await waitFor(async () => listener.counts().connections === 1, 'the end of the other');
  policy = policyOf([serviceNode('bulk', { identities: [identityNode('source:127.0.0.0/8')] })]);
  assert.equal(await listener.recheckAll(), 1);
  assert.deepEqual(
    records.slice(-2).map((record) => [record.kind, 'endedBy' in record ? record.endedBy : null]),
    [
      ['verdict', null],
      ['close', 'policy_changed'],
    ],
  );
  assert.equal(listener.counts().connections, 0);
  stuck.destroy();
});
