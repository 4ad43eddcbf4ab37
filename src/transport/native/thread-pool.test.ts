import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { skipUnless } from '../../../test/support/requires.ts';
import { addonForTest, ToldLink } from './io-thread.playbook.ts';
import type { IoThread, IoThreadOwner } from './io-thread.ts';
import type { AcceptedSocket } from './link-events.ts';
import { type ThreadPool, ThreadPools } from './thread-pool.ts';

const times = { idleMs: 60_000, totalMs: 60_000, capacity: 16 };

class Owner implements IoThreadOwner {
  readonly links: ToldLink[] = [];

  accepted(thread: IoThread, socket: AcceptedSocket): ToldLink {
    const link = new ToldLink(socket, () => thread);
    this.links.push(link);
    return link;
  }

  failed(_where: string, error: unknown): void {
    throw error;
  }
}

function threadsOfProcess(): number {
  return readdirSync('/proc/self/task').length;
}

test('listeners share the threads of a driver, each is told of its own connections, and the last one ends them', {
  skip: skipUnless('compiler'),
  timeout: 20_000,
}, async () => {
  const addon = addonForTest();
  const pools = new ThreadPools(addon, 2);
  const before = threadsOfProcess();
  const listening = [new Owner(), new Owner()].map((owner) => {
    const fd = addon.bind('127.0.0.1', 0);
    const pool = pools.take(times);
    return { owner, pool, port: addon.boundAt(fd)[1], number: pool.listen({ fd, isWild: false }, owner) ?? -1 };
  });
  const [first, second] = listening as [(typeof listening)[0], (typeof listening)[0]];
  assert.equal(first.pool, second.pool);
  assert.equal(threadsOfProcess(), before + 2);
  for (const { owner, port } of listening) await reach(owner, port);
  assert.deepEqual([first.owner.links.length, second.owner.links.length], [1, 1]);

  leave(first);
  // What comes before the thread was told is reset.
  const refused = connect(first.port, '127.0.0.1').on('error', () => undefined);
  refused.resume();
  await closed(refused);
  await reach(second.owner, second.port);
  assert.deepEqual([first.owner.links.length, second.owner.links.length], [1, 2]);

  leave(second);
  assert.equal(threadsOfProcess(), before);
  const again = pools.take(times);
  assert.notEqual(again, second.pool);
  again.release([]);
});

test('a socket that no thread has room for stays with who asked', { skip: skipUnless('compiler') }, () => {
  const addon = addonForTest();
  const pool = new ThreadPools(addon, 1).take(times);
  const owner = new Owner();
  const numbers = Array.from({ length: 16 }, () =>
    pool.listen({ fd: addon.bind('127.0.0.1', 0), isWild: false }, owner),
  );
  assert.deepEqual(numbers, [...numbers.keys()]);
  assert.equal(pool.listen({ fd: -1, isWild: false }, owner), null);
  pool.release(numbers.filter((each) => each !== null));
});

async function reach(owner: Owner, port: number): Promise<void> {
  const known = owner.links.length;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  for (const endMs = performance.now() + 5_000; owner.links.length === known && performance.now() < endMs; )
    await wait(2);
  const gone = closed(socket.on('error', () => undefined).resume());
  owner.links.at(-1)?.reset();
  await gone;
}

function leave({ pool, number }: { readonly pool: ThreadPool; readonly number: number }): void {
  pool.unlisten(number);
  pool.release([number]);
}

// A reset is an error, and then a close.
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}
