import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { nativeFileForTest } from '../../../test/support/native-build.ts';
import { type Addon, command } from './abi.ts';
import { IoThread } from './io-thread.ts';
import type { AcceptedSocket, LinkEvents, SideNumber } from './link-events.ts';

/** The addon of this run: the file that `EXEAT_TEST_NATIVE` names, or else one that is built now with faults. */
export function addonForTest(): Addon {
  const file = process.env['EXEAT_TEST_NATIVE'] ?? nativeFileForTest('faults');
  return createRequire(import.meta.url)(file) as Addon;
}

/** The system calls that `failNext` of the addon knows, by number (native/io.h). */
export const faultCall = { accept: 0, socket: 1, connect: 2, recv: 3, send: 4, splice: 5, pipe: 6 } as const;

/** What an I/O thread told of one connection, in order, and what was read of it. */
export class ToldLink implements LinkEvents, AcceptedSocket {
  readonly slot: number;
  readonly generation: number;
  readonly listener: number;
  readonly peer: readonly number[];
  readonly peerPort: number;
  readonly local: readonly number[] | null;
  readonly localPort: number;
  epoch = 0;
  readonly told: string[] = [];
  readonly read: [Uint8Array[], Uint8Array[]] = [[], []];
  seen: [number, number] = [0, 0];
  totals: readonly [number, number] | null = null;
  detached: number | null = null;
  /** Whether it is gone: nothing may be told of it any more. */
  isGone = false;
  readonly #thread: () => IoThread;
  #relays: 'no' | 'plain' | 'metered' = 'no';

  constructor(socket: AcceptedSocket, thread: () => IoThread) {
    this.slot = socket.slot;
    this.generation = socket.generation;
    this.listener = socket.listener;
    this.peer = socket.peer;
    this.peerPort = socket.peerPort;
    this.local = socket.local;
    this.localPort = socket.localPort;
    this.#thread = thread;
  }

  start(): void {
    this.#note('start');
  }

  onBytes(side: SideNumber, bytes: Uint8Array): void {
    this.#note(`bytes ${side}`);
    this.read[side].push(bytes);
    this.seen[side] = (this.seen[side] + bytes.length) >>> 0;
    if (this.#relays === 'no') return;
    // It was on its way when the relay began.
    this.#thread().commands.send(this, side === 0 ? 1 : 0, bytes);
    this.relay(this.#relays === 'metered');
  }

  onEnd(side: SideNumber): void {
    this.#note(`end ${side}`);
    this.seen[side] = (this.seen[side] + 1) >>> 0;
    if (this.#relays !== 'no') this.relay(this.#relays === 'metered');
  }

  onLost(side: SideNumber): void {
    this.#note(`lost ${side}`);
    if (side === 0) this.isGone = true;
  }

  onDrained(side: SideNumber): void {
    this.#note(`drained ${side}`);
  }

  onDialled(target: number): void {
    this.#note(`dialled ${target}`);
  }

  onDialFailed(errnos: readonly number[]): void {
    this.#note(`dial_failed ${errnos.join(' ')}`);
  }

  onOver(by: SideNumber, up: number, down: number): void {
    this.#note(`over ${by}`);
    this.totals = [up, down];
    this.isGone = true;
  }

  onDue(isSpent: boolean): void {
    this.#note(isSpent ? 'spent' : 'deadline');
  }

  onClosed(): void {
    this.#note('closed');
    this.isGone = true;
  }

  onBudget(side: SideNumber, bytes: number): void {
    this.#note(`budget ${side} ${bytes}`);
  }

  onDetached(fd: number): void {
    this.#note('detached');
    this.detached = fd;
    this.isGone = true;
  }

  /** Asks for the next bytes of sides (1 client, 2 upstream). */
  ask(sides: number): void {
    this.#thread().commands.tell(command.read, this, sides);
  }

  /** Starts the relay with what was seen by now. */
  relay(isMetered = false): void {
    this.#relays = isMetered ? 'metered' : 'plain';
    this.#thread().commands.tell(command.relay | (isMetered ? 1 << 16 : 0), this, this.seen[0], this.seen[1]);
  }

  drop(): void {
    this.epoch = (this.epoch + 1) & 0xff;
    this.seen[1] = 0;
    this.#thread().commands.tell(command.drop, this);
  }

  close(): void {
    this.epoch = (this.epoch + 1) & 0xff;
    this.#thread().commands.tell(command.close, this, 200);
  }

  reset(): void {
    this.isGone = true;
    this.#thread().forget(this.slot, this.generation);
    this.#thread().commands.tell(command.reset, this);
  }

  /** Waits until something that begins so was told. */
  async until(text: string, atMostMs = 5_000): Promise<void> {
    const end = performance.now() + atMostMs;
    while (!this.told.some((one) => one.startsWith(text))) {
      assert.ok(performance.now() < end, `\`${text}\` was not told, but ${this.told.join(', ')}`);
      await wait(2);
    }
  }

  // INVARIANT: once a connection is gone, nothing is told of it.
  #note(text: string): void {
    assert.equal(this.isGone, false, `${text} was told of a connection that is gone, after ${this.told.join(', ')}`);
    this.told.push(text);
  }
}

/** A thread that listens on loopback, with everything that it accepted. */
export interface IoThreadBed {
  readonly thread: IoThread;
  readonly port: number;
  readonly links: readonly ToldLink[];
  readonly errors: readonly unknown[];
  /** Connects and waits until the thread told of it. */
  open(): Promise<{ readonly socket: Socket; readonly link: ToldLink }>;
  close(): void;
}

/** How long idle and total times are; both default to an hour. */
export interface BedTimes {
  readonly idleMs?: number;
  readonly totalMs?: number;
}

/** Starts a thread of an addon with room for so many connections. */
export function startIoThread(addon: Addon, capacity: number, times: BedTimes = {}): IoThreadBed {
  const links: ToldLink[] = [];
  const errors: unknown[] = [];
  const hour = 3_600_000;
  const options = { addon, capacity, idleMs: times.idleMs ?? hour, totalMs: times.totalMs ?? hour };
  const thread: IoThread = new IoThread(options, {
    accepted: (_thread, socket) => {
      const link = new ToldLink(socket, () => thread);
      links.push(link);
      return link;
    },
    failed: (_where, error) => void errors.push(error),
  });
  const fd = addon.bind('127.0.0.1', 0);
  assert.ok(fd >= 0);
  const [, port] = addon.boundAt(fd);
  thread.commands.tell(command.listen, { slot: 0, generation: 0 }, fd, 0);
  return {
    thread,
    port,
    links,
    errors,
    open: () => openOn(port, links),
    close: () => thread.close(),
  };
}

async function openOn(
  port: number,
  links: readonly ToldLink[],
): Promise<{ readonly socket: Socket; readonly link: ToldLink }> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.on('error', () => socket.destroy());
  await new Promise<void>((resolve) => void socket.once('connect', resolve).once('close', resolve));
  assert.equal(socket.destroyed, false, 'it was refused');
  const own = socket.localPort;
  const end = performance.now() + 5_000;
  for (;;) {
    const link = links.findLast((one) => one.peerPort === own);
    if (link !== undefined) return { socket, link };
    assert.ok(performance.now() < end && !socket.destroyed, 'the connection was not told');
    await wait(2);
  }
}

/** Descriptors of this process, once they have settled at a number or for two seconds. */
export async function settledDescriptors(expected: number): Promise<number> {
  let count = -1;
  for (let tries = 0; tries < 200; tries++) {
    count = readdirSync('/proc/self/fd').length;
    if (count <= expected) break;
    await wait(10);
  }
  return count;
}
