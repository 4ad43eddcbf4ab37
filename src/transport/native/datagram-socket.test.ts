import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { nativeFileForTest } from '../../../test/support/native-build.ts';
import { skipUnless } from '../../../test/support/requires.ts';
import type { OnDatagram } from '../datagram-socket.ts';
import { createNativeDatagramSocket, type DatagramAddon, movesDatagrams } from './datagram-socket.ts';
import { addonForTest, faultCall, settledDescriptors } from './io-thread.playbook.ts';

const { EAGAIN, EINTR, ENOBUFS, ENOMEM, EPERM } = constants.errno;
const skip = skipUnless('compiler');

describe('a socket that takes datagrams in batches', { skip }, () => {
  const opened: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
    for (const call of [faultCall.recv, faultCall.send]) addon().failNext?.(call, 0, 0, 0);
  });

  interface Bed {
    readonly socket: ReturnType<typeof createNativeDatagramSocket>;
    readonly port: number;
    readonly taken: { readonly text: string; readonly address: string; readonly port: number }[];
    /** How many datagrams each turn had. */
    readonly turns: number[];
    errors: number;
  }

  /** Listens, and replies with what it was sent behind `re:`; `later`: once that is called. */
  async function listen(host = '127.0.0.1', take: OnDatagram | null = null, bytes = 1_000_000): Promise<Bed> {
    const socket = createNativeDatagramSocket(addon(), bytes);
    const bed = { socket, taken: [] as Bed['taken'], turns: [] as number[], errors: 0 };
    let turn = 0;
    const echo: OnDatagram = (query, address, port) => {
      if (turn === 0) {
        socket.place?.atEnd(() => {
          bed.turns.push(turn);
          turn = 0;
        });
      }
      turn += 1;
      const text = Buffer.from(query).toString('latin1');
      bed.taken.push({ text, address, port });
      socket.place?.add(Buffer.from(socket.place.room.buffer, socket.place.room.byteOffset).write(`re:${text}`), '', 0);
    };
    const bound = await socket.bind({ host, port: 0 }, take ?? echo, () => {
      bed.errors += 1;
    });
    opened.push(socket);
    assert.ok(bound.ok, JSON.stringify(bound));
    return Object.assign(bed, { port: bound.value.port });
  }

  async function client(host = '127.0.0.1'): Promise<{ readonly socket: Socket; readonly got: string[] }> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1_000_000 });
    const got: string[] = [];
    socket.on('message', (bytes, peer) => got.push(`${bytes.toString('latin1')} ${peer.address}`));
    socket.bind(0, host);
    await once(socket, 'listening');
    opened.push({ close: () => socket.close() });
    return { socket, got };
  }

  test('takes them in batches of at most 32, each with its sender, and replies to each', async () => {
    const bed = await listen();
    const { socket, got } = await client();
    for (let at = 0; at < 100; at += 1) socket.send(`q${at}`, bed.port, '127.0.0.1');
    await until(() => got.length === 100);
    assert.deepEqual(new Set(got), new Set(Array.from({ length: 100 }, (_, at) => `re:q${at} 127.0.0.1`)));
    assert.ok(bed.turns.some((count) => count > 1) && bed.turns.every((count) => count <= 32), bed.turns.join(' '));
    assert.deepEqual(new Set(bed.taken.map(({ address }) => address)), new Set(['127.0.0.1']));
    assert.equal(bed.taken[0]?.port, socket.address().port);
    assert.deepEqual(bed.socket.counts?.(), { unread: 0, dropped: 0, failed: 0 });
  });

  test('replies from the address that was asked, of IPv4 and of IPv6', async () => {
    for (const [any, asked, from] of [
      ['0.0.0.0', '127.0.0.9', '127.0.0.3'],
      ...(skipUnless('ipv6') === false ? [['::', '::1', '::1'] as const] : []),
    ] as const) {
      const bed = await listen(any);
      const { socket, got } = await client(from);
      socket.send('one', bed.port, asked);
      await until(() => got.length === 1);
      assert.deepEqual([got[0], bed.taken[0]?.address], [`re:one ${asked}`, from]);
    }
  });

  test('sends a reply later, to who asked and from where it was asked', async () => {
    const peers: { readonly text: string; readonly peer: object }[] = [];
    const bed = await listen('0.0.0.0', (query) => {
      const peer = bed.socket.peer?.();
      if (peer !== undefined) peers.push({ text: Buffer.from(query).toString(), peer });
    });
    const [first, other] = [await client(), await client('127.0.0.2')];
    first.socket.send('a', bed.port, '127.0.0.5');
    other.socket.send('b', bed.port, '127.0.0.6');
    await until(() => peers.length === 2);
    for (const { text, peer } of peers.reverse()) {
      const bytes = Buffer.from(`late ${text}`);
      assert.equal(bed.socket.send([{ bytes, length: bytes.length, address: '', port: 0, peer }], 1), 'sent');
    }
    await until(() => first.got.length === 1 && other.got.length === 1);
    assert.deepEqual([first.got, other.got], [['late a 127.0.0.5'], ['late b 127.0.0.6']]);
    const nobody = { bytes: new Uint8Array(1), length: 1, address: '127.0.0.1', port: 53 };
    assert.equal(bed.socket.send([nobody], 1), 'dropped', 'who it was is not known');
  });

  test('holds replies while the kernel has no room, and loses and counts what cannot go', async () => {
    const bed = await listen();
    const { socket, got } = await client();
    const plans = [
      [EAGAIN, { unread: 0, dropped: 0, failed: 0 }, 1],
      [EINTR, { unread: 0, dropped: 0, failed: 0 }, 2],
      [ENOBUFS, { unread: 0, dropped: 1, failed: 0 }, 2],
      [EPERM, { unread: 0, dropped: 1, failed: 1 }, 2],
    ] as const;
    for (const [errno, counts, replies] of plans) {
      addon().failNext?.(faultCall.send, errno, 0, 1);
      socket.send('x', bed.port, '127.0.0.1');
      await until(() => got.length === replies && JSON.stringify(bed.socket.counts?.()) === JSON.stringify(counts));
    }
    for (const errno of [ENOMEM, EINTR]) addon().failNext?.(faultCall.recv, errno, 0, 3);
    socket.send('y', bed.port, '127.0.0.1');
    await until(() => got.at(-1)?.startsWith('re:y') === true);
  });

  test('answers everybody while datagrams come in quick succession, in a lull, and after it', async () => {
    const bed = await listen();
    const { socket, got } = await client();
    let sent = 0;
    const ask = (): void => socket.send(`q${sent++}`, bed.port, '127.0.0.1');
    socket.on('message', () => {
      // Some replies ask twice: they come one by one, and ever closer.
      if (sent < 3_000) ask();
      if (sent < 3_000 && sent % 16 === 0) ask();
    });
    ask();
    await until(() => got.length === 3_000);
    assert.equal(new Set(got).size, 3_000);
    for (let round = 0; round < 3; round += 1) {
      await wait(10);
      ask();
      await until(() => got.length === sent);
    }
    assert.deepEqual(bed.socket.counts?.(), { unread: 0, dropped: 0, failed: 0 });
  });

  test('takes no datagram that is longer than any question, and none before it is bound', async () => {
    const bed = await listen();
    const { socket, got } = await client();
    socket.send(Buffer.alloc(2_049, 'l'), bed.port, '127.0.0.1');
    socket.send(Buffer.alloc(2_000, 'f'), bed.port, '127.0.0.1');
    await until(() => got.length === 1);
    assert.deepEqual(
      bed.taken.map(({ text }) => text.length),
      [2_000],
    );
    const unbound = createNativeDatagramSocket(addon(), 1);
    assert.deepEqual(unbound.counts?.(), { unread: 0, dropped: 0, failed: 0 });
    await unbound.close();
  });

  test('counts what was not read in time', async () => {
    const bed = await listen('127.0.0.1', null, 2_048);
    const { socket, got } = await client();
    for (let at = 0; at < 200; at += 1) socket.send(Buffer.alloc(1_000, 'm'), bed.port, '127.0.0.1');
    await until(() => got.length > 0 && got.length + (bed.socket.counts?.().unread ?? 0) === 200);
    assert.ok((bed.socket.counts?.().unread ?? 0) > 0);
  });

  test('goes on where a datagram makes its taker throw, and ends within a batch', async () => {
    let left = 3;
    const bed = await listen('127.0.0.1', () => {
      left -= 1;
      if (left > 0) throw new Error('broken');
      void bed.socket.close();
    });
    const { socket } = await client();
    for (let at = 0; at < 10; at += 1) socket.send('x', bed.port, '127.0.0.1');
    await until(() => left <= 0);
    await wait(20);
    assert.deepEqual([left, bed.errors], [0, 2]);
  });

  test('a port that is taken is a fault, one that is shared is not, and no descriptor is left', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const bed = await listen();
    const second = createNativeDatagramSocket(addon(), 1);
    const taken = await second.bind(
      { host: '127.0.0.1', port: bed.port },
      () => undefined,
      () => undefined,
    );
    assert.equal(
      taken.ok ? '' : taken.fault.message,
      `cannot listen on UDP \`127.0.0.1:${bed.port}\`: bind EADDRINUSE 127.0.0.1:${bed.port}`,
    );
    const elsewhere = await second.bind(
      { host: '192.0.2.1', port: 0 },
      () => undefined,
      () => undefined,
    );
    assert.match(elsewhere.ok ? '' : elsewhere.fault.message, /EADDRNOTAVAIL/);
    const shared = addon().bind('127.0.0.1', 0, true, true);
    const [, port] = addon().boundAt(shared);
    const other = addon().bind('127.0.0.1', port, true, true);
    assert.ok(shared >= 0 && other >= 0, `${shared} ${other}`);
    for (const fd of [shared, other]) {
      const given = addon().openDatagrams(fd, 4_096, () => undefined);
      assert.ok(typeof given !== 'number');
      addon().closeDatagrams(given.handle);
      addon().closeDatagrams(given.handle);
    }
    // What is no UDP socket is closed, since it was given.
    assert.ok((addon().openDatagrams(openSync('/dev/null', 'r'), 1, () => undefined) as number) < 0);
    assert.ok((addon().openDatagrams(addon().bind('127.0.0.1', 0), 1, () => undefined) as number) < 0);
    await bed.socket.close();
    assert.equal(await settledDescriptors(before), before);
    assert.throws(() => closeSync(shared), { code: 'EBADF' });
  });

  test('a thread of Node that ends with an open socket ends well', async () => {
    const script = `
      const { workerData } = require('node:worker_threads');
      const addon = require(workerData);
      const opened = addon.openDatagrams(addon.bind('127.0.0.1', 0, true), 4096, () => undefined);
      if (typeof opened === 'number') throw new Error(String(opened));
      setTimeout(() => process.exit(0), 20);`;
    const file = process.env['EXEAT_TEST_NATIVE'] ?? nativeFileForTest('faults');
    const worker = new Worker(script, { eval: true, workerData: file });
    assert.deepEqual(await once(worker, 'exit'), [0]);
  });
});

let loaded: DatagramAddon | null = null;

function addon(): DatagramAddon {
  const found = loaded ?? addonForTest();
  assert.ok(movesDatagrams(found));
  loaded = found;
  return found;
}

async function until(holds: () => boolean): Promise<void> {
  const endsAt = Date.now() + 5_000;
  while (!holds()) {
    assert.ok(Date.now() < endsAt, 'it did not come to that in five seconds');
    await wait(2);
  }
}
