import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startBareListener } from '../../test/support/bare-listener.ts';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { waitFor } from '../../test/support/product.ts';
import { testScale } from '../../test/support/requires.ts';
import type { DecisionRecord } from '../policy/index.ts';
import type { ProxyListener } from './index.ts';

// What goes wrong with sockets, on whichever driver this run is for (`EXEAT_TRANSPORT`).

const records: DecisionRecord[] = [];
let behave: (socket: Socket) => void = (socket) => void socket.pipe(socket);
const origin = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  behave(socket);
});
let listener: ProxyListener;

before(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const allow = [ruleNode(`tcp://app.example:${originPort()}`), ruleNode('tcp://app.example:1')];
  const policy = policyOf([serviceNode('app', { identities: [identityNode('source:127.0.0.0/8')], allow })]);
  const write = (record: DecisionRecord): boolean => records.push(record) > 0;
  listener = await startBareListener({ policy: () => policy, port: originPort(), write });
});
beforeEach(() => {
  records.length = 0;
  behave = (socket) => void socket.pipe(socket);
});
after(async () => {
  await listener.close({ drainMs: 0 });
  origin.close();
});

function originPort(): number {
  return (origin.address() as AddressInfo).port;
}

function open(): Socket {
  const socket = connect({ host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0, allowHalfOpen: true });
  socket.on('error', () => socket.destroy());
  return socket;
}

async function openTunnel(): Promise<Socket> {
  const socket = open();
  socket.write(`CONNECT app.example:${originPort()} HTTP/1.1\r\n\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  assert.match(head.toString(), /^HTTP\/1\.1 200 /);
  return socket;
}

async function assertNothingIsLeft(): Promise<void> {
  await waitFor(async () => listener.counts().connections === 0, 'the last connection', 15_000);
  assert.equal(listener.counts().byService.size, 0);
  const flows = records.flatMap((record) => (record.kind === 'verdict' ? [record.flow] : []));
  const closes = records.flatMap((record) => (record.kind === 'close' ? [record.flow] : []));
  assert.deepEqual([...closes].sort(), [...new Set(flows)].sort(), 'each flow has one close');
}

async function assertServes(): Promise<void> {
  const socket = await openTunnel();
  socket.write('still there');
  assert.equal(String((await once(socket, 'data'))[0]), 'still there');
  socket.destroy();
}

async function assertAllIsWell(): Promise<void> {
  await assertNothingIsLeft();
  await assertServes();
  await assertNothingIsLeft();
}

const states: readonly (readonly [string, (socket: Socket) => Promise<void>])[] = [
  ['before a byte', async () => undefined],
  ['within a head', async (socket) => void socket.write('CONNECT app.exa')],
  [
    'with a head that is judged',
    async (socket) => void socket.write(`CONNECT app.example:${originPort()} HTTP/1.1\r\n\r\n`),
  ],
  ['once the answer is there', async (socket) => established(socket)],
  [
    'in the middle of a relay',
    async (socket) => {
      await established(socket);
      socket.write(Buffer.alloc(300_000, 0x61));
      await once(socket, 'data');
    },
  ],
  [
    'after half a close',
    async (socket) => {
      await established(socket);
      socket.end('bye');
      await once(socket, 'end');
    },
  ],
];

async function established(socket: Socket): Promise<void> {
  socket.write(`CONNECT app.example:${originPort()} HTTP/1.1\r\n\r\n`);
  await once(socket, 'data');
}

for (const [state, reach] of states) {
  test(`RST at every state: a client that resets ${state} leaves nothing behind`, async () => {
    const sockets = Array.from({ length: 8 }, open);
    await Promise.all(sockets.map((socket) => once(socket, 'connect').then(() => reach(socket))));
    for (const socket of sockets) socket.resetAndDestroy();
    await assertAllIsWell();
  });
}

for (const [when, reset] of [
  ['at once', (socket: Socket) => void socket.resetAndDestroy()],
  ['at the first byte', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy())],
  [
    'once it has said all',
    (socket: Socket) => void socket.end('said').once('data', () => setTimeout(() => socket.resetAndDestroy(), 20)),
  ],
] as const) {
  test(`RST at every state: an origin that resets ${when} ends the tunnel and leaves nothing behind`, async () => {
    behave = reset;
    const sockets = Array.from({ length: 8 }, open);
    for (const socket of sockets) {
      socket.resume().on('end', () => socket.end());
      socket.write(`CONNECT app.example:${originPort()} HTTP/1.1\r\n\r\n`);
    }
    await wait(50);
    for (const socket of sockets) if (!socket.destroyed) socket.end('hello');
    await assertNothingIsLeft();
    behave = (socket) => void socket.pipe(socket);
    await assertAllIsWell();
  });
}

test('EPIPE: what a client says to an origin that is gone is lost, and what the origin said is not', async () => {
  const answer = Buffer.alloc(400_000, 0x61);
  behave = (socket) => void socket.end(answer, () => setTimeout(() => socket.destroy(), 10));
  const socket = open();
  let got = 0;
  socket.on('data', (bytes: Buffer) => {
    got += bytes.length;
  });
  socket.write(`CONNECT app.example:${originPort()} HTTP/1.1\r\n\r\n`);
  for (let turn = 0; turn < 10; turn++) {
    if (!socket.destroyed) socket.write('nobody hears this');
    await wait(10);
  }
  assert.ok(got > answer.length, `${got} bytes came`);
  socket.end();
  await assertNothingIsLeft();
});

test('a stalled reader: little of what is poured for it is taken, and it is there when it reads on', async () => {
  const piece = Buffer.alloc(1_000_000, 0x61);
  let poured = 0;
  behave = (socket) => {
    const pour = (): void => {
      while (poured < 200_000_000 && !socket.destroyed) {
        poured += piece.length;
        if (!socket.write(piece)) return void socket.once('drain', pour);
      }
      socket.end();
    };
    pour();
  };
  const socket = await openTunnel();
  socket.pause();
  // How long the buffers of the kernel take to fill is the machine's affair.
  let stalledAt = -1;
  for (let looks = 0; looks < 40 && stalledAt !== poured; looks += 1) {
    stalledAt = poured;
    await wait(300);
  }
  assert.equal(poured, stalledAt, 'it still pours');
  // The kernel's buffers of two connections at their largest (32 MiB to receive and 4 to send each), and one pipe.
  assert.ok(stalledAt <= 77_000_000, `${stalledAt} bytes were taken`);
  behave = (other) => void other.pipe(other);
  await assertServes();
  let got = 0;
  socket.on('data', (bytes: Buffer) => {
    got += bytes.length;
  });
  socket.resume();
  await waitFor(async () => got > stalledAt, 'more than what was taken');
  socket.resetAndDestroy();
  await assertNothingIsLeft();
});

const many = Math.round(10_000 * testScale());

test(`${many} connections opened and dropped at once leave nothing behind`, { timeout: 60_000 }, async () => {
  const batch = 500;
  for (let opened = 0; opened < many; opened += batch) {
    const sockets = Array.from({ length: Math.min(batch, many - opened) }, open);
    await Promise.all(sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
    for (const [at, socket] of sockets.entries()) {
      if (at % 3 === 0) socket.write('CONNECT');
      if (at % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
  await assertAllIsWell();
});

const child = `
import { driverForTest } from '${join(import.meta.dirname, '../../test/support/driver.ts')}';
import { defaultLimits } from '${join(import.meta.dirname, '../enforcement/index.ts')}';
function* echo(facts) {
  const read = { type: 'read', from: 'client' };
  const event = facts.ask(read) ?? (yield read);
  if (event.type === 'bytes') facts.tell({ type: 'send', side: 'client', bytes: event.bytes });
  if (event.type === 'bytes') facts.ask(read) ?? (yield read);
  facts.tell({ type: 'close' });
}
const transport = driverForTest().create({
  clock: { now: Date.now }, limits: defaultLimits, tls: () => null, parent: null, startConversation: echo,
  verify: () => null, resolve: async () => null, record() {}, opened() {}, failed() {}, outOfBudget: () => false,
});
const bound = await transport.listen({ host: '127.0.0.1', port: 0 });
console.log(bound.value.port);
process.stdin.resume().on('end', () => transport.close({ drainMs: 0 }));
`;

test('descriptor exhaustion: some are served or closed meanwhile, none hangs for good, and all are served afterwards', async () => {
  const script = 'ulimit -n 96; exec "$0" --input-type=module -e "$1"';
  const ran = spawn('/bin/sh', ['-c', script, process.execPath, child], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [said] = (await once(ran.stdout, 'data')) as [Buffer];
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect({ host: '127.0.0.1', port: Number(said) });
      socket.on('error', () => socket.destroy());
      return socket;
    });
    await Promise.all(sockets.map((socket) => Promise.race([echoes(socket).catch(() => undefined), wait(400)])));
    for (const socket of sockets) socket.destroy();
    await wait(300);
    for (let turn = 0; turn < 10; turn++) {
      const socket = connect({ host: '127.0.0.1', port: Number(said) });
      socket.on('error', () => socket.destroy());
      await echoes(socket);
      socket.destroy();
    }
  } finally {
    ran.stdin.end();
    await once(ran, 'exit');
  }
});

async function echoes(socket: Socket): Promise<void> {
  socket.write('hello');
  const [back] = (await once(socket, 'data')) as [Buffer];
  assert.equal(String(back), 'hello');
}
