import { type Addon, command } from './abi.ts';
import { IoThread, type IoThreadOwner } from './io-thread.ts';
import type { AcceptedSocket, LinkEvents } from './link-events.ts';

/** What the threads of a pool are started with. */
export interface PoolTimes {
  readonly idleMs: number;
  readonly totalMs: number;
  /** Connections that whoever takes the pool has at most. */
  readonly capacity: number;
}

/** A socket that listens. `isWild`: where a connection aimed at is asked of each one. */
export interface ListeningSocket {
  readonly fd: number;
  readonly isWild: boolean;
}

// As native/io.h has it.
const mostListeners = 16;
// A number of a listener is of 16 bits, and never used again: a connection that is told late must not be taken for another listener's.
const mostNumbers = 0xffff;
// The listeners of a point: the proxy and the gateway. More of them share the same room.
const sharers = 2;
const mostCapacity = 0xffffff;
const nobody = { slot: 0, generation: 0 };

/** The threads of a driver, which all its listeners share: as many as were asked for in all. */
export class ThreadPools {
  readonly addon: Addon;
  readonly #count: number;
  readonly #pools = new Map<string, ThreadPool>();

  constructor(addon: Addon, count: number) {
    this.addon = addon;
    this.#count = count;
  }

  /** The threads with these times, started where nobody has them yet. To be given back by `release`. */
  take(times: PoolTimes): ThreadPool {
    const key = `${times.idleMs} ${times.totalMs}`;
    const pool = this.#pools.get(key) ?? new ThreadPool(this.addon, this.#count, times, () => this.#pools.delete(key));
    this.#pools.set(key, pool);
    pool.users += 1;
    return pool;
  }
}

/** Threads at work, and who takes what each listening socket accepts. */
export class ThreadPool implements IoThreadOwner {
  /** How many have taken it. */
  users = 0;
  readonly #addon: Addon;
  readonly #threads: readonly IoThread[];
  readonly #owners = new Map<number, IoThreadOwner>();
  readonly #ended: () => void;
  #numbers = 0;

  constructor(addon: Addon, count: number, times: PoolTimes, ended: () => void) {
    const capacity = Math.min(mostCapacity, times.capacity * sharers);
    this.#addon = addon;
    this.#ended = ended;
    this.#threads = Array.from({ length: count }, () => new IoThread({ ...times, addon, capacity }, this));
  }

  /** Listens with a socket, which is the threads' from then on; gives its number. Null: there are too many, and it is the caller's still. */
  listen({ fd, isWild }: ListeningSocket, owner: IoThreadOwner): number | null {
    if (this.#owners.size === mostListeners || this.#numbers > mostNumbers) return null;
    const number = this.#numbers++;
    this.#owners.set(number, owner);
    const flags = (isWild ? 1 : 0) | (this.#threads.length > 1 ? 2 : 0);
    // Every thread has a descriptor of its own of the same socket, and closes it when it stops listening.
    for (const [index, thread] of this.#threads.entries()) {
      const own = index === 0 ? fd : this.#addon.duplicate(fd);
      if (own >= 0) thread.commands.tell(command.listen, nobody, own, number | (flags << 16));
    }
    return number;
  }

  /** Stops listening. What was accepted and not told yet is still told. */
  unlisten(number: number): void {
    for (const thread of this.#threads) thread.commands.tell(command.unlisten, nobody, number);
  }

  /** Gives it back. Nobody is told any more of what these listeners accept; the last one to leave ends the threads. */
  release(numbers: Iterable<number>): void {
    for (const number of numbers) this.#owners.delete(number);
    this.users -= 1;
    if (this.users > 0) return;
    this.#ended();
    for (const thread of this.#threads) thread.close();
  }

  accepted(thread: IoThread, socket: AcceptedSocket): LinkEvents | null {
    const owner = this.#owners.get(socket.listener);
    if (owner !== undefined) return owner.accepted(thread, socket);
    thread.commands.tell(command.reset, socket);
    return null;
  }

  failed(where: string, error: unknown): void {
    // The trouble of a thread is told once, by whichever listener there is.
    const [owner] = this.#owners.values();
    owner?.failed(where, error);
  }
}
