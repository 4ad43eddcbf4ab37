import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { constants } from 'node:os';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { skipUnless, testScale } from '../../../test/support/requires.ts';
import { createNativeDatagramSocket, type DatagramAddon, movesDatagrams } from './datagram-socket.ts';
import { addonForTest, faultCall } from './io-thread.playbook.ts';

// Whatever comes and fails in whatever order: nothing crashes, nothing is answered twice, and nobody gets the answer of another.

const skip = skipUnless('compiler');
const { EAGAIN, EINTR, ENOBUFS, ENOMEM, EPERM } = constants.errno;
const asked = '127.0.0.8';
const clients = ['127.0.0.1', '127.0.0.2'] as const;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), count: fc.integer({ min: 1, max: 70 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      call: fc.constantFrom(faultCall.recv, faultCall.send),
      errno: fc.constantFrom(EAGAIN, EINTR, ENOBUFS, EPERM, ENOMEM),
      after: fc.nat(2),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('later' as const, 'wait' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

class Bed {
  readonly #addon: DatagramAddon;
  readonly #socket: ReturnType<typeof createNativeDatagramSocket>;
  readonly #peers: object[] = [];
  readonly #clients: Socket[] = [];
  readonly got: string[][] = [[], []];
  #port = 0;
  #sent = 0;

  constructor(addon: DatagramAddon) {
    this.#addon = addon;
    this.#socket = createNativeDatagramSocket(addon, 1_000_000);
  }

  async open(): Promise<void> {
    const bound = await this.#socket.bind({ host: '0.0.0.0', port: 0 }, this.#take, () => undefined);
    assert.ok(bound.ok);
    this.#port = bound.value.port;
    for (const [index, address] of clients.entries()) {
      const client = createSocket('udp4');
      client.on('message', (bytes, peer) => this.got[index]?.push(`${bytes} ${peer.address}`));
      client.bind(0, address);
      await once(client, 'listening');
      this.#clients.push(client);
    }
  }

  // Those that begin with `l` are answered later.
  readonly #take = (query: Uint8Array): void => {
    const { place } = this.#socket;
    const peer = this.#socket.peer?.();
    if (query[0] === 0x6c && peer !== undefined) this.#peers.push(peer);
    else {
      place?.room.set(query);
      place?.add(query.length, '', 0);
    }
  };

  async run(one: Step): Promise<void> {
    if (one.kind === 'ask') for (let at = 0; at < one.count; at += 1) this.#ask(at);
    else if (one.kind === 'fail') this.#addon.failNext?.(one.call, one.errno, one.after, one.times);
    else if (one.kind === 'close') await this.#socket.close();
    else if (one.kind === 'wait') await wait(2);
    else for (const peer of this.#peers.splice(0)) this.#later(peer);
  }

  #ask(at: number): void {
    const text = `${at % 7 === 0 ? 'l' : 'n'}${at % 2} ${this.#sent++}`;
    this.#clients[at % 2]?.send(text, this.#port, asked);
  }

  #later(peer: object): void {
    this.#socket.send([{ bytes: Buffer.from('late'), length: 4, address: '', port: 0, peer }], 1);
  }

  async close(): Promise<void> {
    await wait(3);
    for (const call of [faultCall.recv, faultCall.send]) this.#addon.failNext?.(call, 0, 0, 0);
    await this.#socket.close();
    for (const client of this.#clients) client.close();
  }
}

function assertOwn(got: readonly string[], index: number): void {
  const others = got.filter((text) => !text.startsWith(`n${index} `) && !text.startsWith('late '));
  assert.deepEqual(others, []);
  assert.ok(got.every((text) => text.endsWith(` ${asked}`)));
  const once = got.filter((text) => !text.startsWith('late '));
  assert.equal(new Set(once).size, once.length);
}

test('whatever comes in whatever order, nothing is answered twice or to somebody else', { skip }, async () => {
  const addon = addonForTest();
  assert.ok(movesDatagrams(addon));
  const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
    const bed = new Bed(addon);
    await bed.open();
    try {
      for (const one of steps) await bed.run(one);
    } finally {
      await bed.close();
    }
    for (const [index, got] of bed.got.entries()) assertOwn(got, index);
  });
  await fc.assert(property, { numRuns: Math.ceil(60 * testScale()) });
});
