import { closeSync } from 'node:fs';
import {
  type Addon,
  commandCount,
  commandSlabBytes,
  counter,
  counterBytes,
  event,
  eventCount,
  eventSlabBytes,
  recordWords,
  type ThreadHandle,
  toldBytes,
  word,
} from './abi.ts';
import { CommandRing } from './command-ring.ts';
import type { AcceptedSocket, LinkEvents, SideNumber } from './link-events.ts';

/** Who takes what a thread tells. `accepted` gives who is told of the connection from then on; null: it was reset. */
export interface IoThreadOwner {
  accepted(thread: IoThread, socket: AcceptedSocket): LinkEvents | null;
  failed(where: string, error: unknown): void;
}

/** How a thread is made. */
export interface IoThreadOptions {
  readonly addon: Addon;
  /** Connections that it holds at most. */
  readonly capacity: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

// A connection that is being moved when it is stopped is waited for; a thread that the system does not run is not waited for without end.
const longestStopMs = 50;
// Batches of events in a row; a thread that tells ever more must not keep everything else waiting.
const mostBatches = 16;
// Small, since whoever holds the last bytes of it holds all of it: a connection that waits holds a hello at most.
const sharedBytes = 8_192;
const longestShared = 1_024;

/**
 * An I/O thread as JavaScript sees it: events come out of one ring, in batches, and commands go into another, published once a turn.
 * Orders of memory: see native/io.h. What the shared counters say is read and written by `Atomics`, records plainly between the two.
 */
export class IoThread {
  readonly #addon: Addon;
  readonly #owner: IoThreadOwner;
  readonly #handle: ThreadHandle;
  readonly #counters: Uint32Array;
  readonly #events: Uint32Array;
  readonly #eventTotals: Float64Array;
  readonly #eventSlab: Uint8Array;
  readonly #told: Float64Array;
  readonly #toldWords: Uint32Array;
  readonly #links: (LinkEvents | undefined)[] = [];
  /** What it is told. */
  readonly commands: CommandRing;
  #eventTail = 0;
  #shared = new Uint8Array(0);
  #sharedUsed = 0;
  #isClosed = false;

  constructor(options: IoThreadOptions, owner: IoThreadOwner) {
    this.#addon = options.addon;
    this.#owner = owner;
    const opened = options.addon.open(options.capacity, options.idleMs, options.totalMs, this.#drain);
    this.#handle = opened.handle;
    const { memory } = opened;
    const eventBytes = eventCount * recordWords * 4;
    const commandBytes = commandCount * recordWords * 4;
    const slabAt = counterBytes + eventBytes + commandBytes;
    const toldAt = slabAt + eventSlabBytes + commandSlabBytes;
    this.#counters = new Uint32Array(memory, 0, counterBytes / 4);
    this.#events = new Uint32Array(memory, counterBytes, eventBytes / 4);
    this.#eventTotals = new Float64Array(memory, counterBytes, eventBytes / 8);
    this.#eventSlab = new Uint8Array(memory, slabAt, eventSlabBytes);
    this.commands = new CommandRing(
      {
        counters: this.#counters,
        records: new Uint32Array(memory, counterBytes + eventBytes, commandBytes / 4),
        slab: new Uint8Array(memory, slabAt + eventSlabBytes, commandSlabBytes),
      },
      () => this.#addon.wake(this.#handle),
    );
    this.#told = new Float64Array(memory, toldAt, (options.capacity * toldBytes) / 8);
    this.#toldWords = new Uint32Array(memory, toldAt, (options.capacity * toldBytes) / 4);
  }

  /** Bytes that were relayed from a side so far. Of a connection that is gone it says nothing. */
  relayed(slot: number, side: SideNumber): number {
    return this.#told[(slot * toldBytes) / 8 + side] ?? 0;
  }

  /** Bytes of `send` that the kernel took for a side so far. */
  flushed(slot: number, side: SideNumber): number {
    return this.#told[(slot * toldBytes) / 8 + 2 + side] ?? 0;
  }

  /** INVARIANT: when this has returned, nothing more is relayed of the connection, and {@link relayed} is final. */
  stop(slot: number, generation: number): void {
    const at = (slot * toldBytes) / 4 + 8;
    Atomics.store(this.#toldWords, at, generation);
    if (Atomics.load(this.#toldWords, at + 1) === 0) return;
    const endMs = performance.now() + longestStopMs;
    while (Atomics.load(this.#toldWords, at + 1) !== 0 && performance.now() < endMs);
  }

  /** Nobody is told of a connection any more. */
  forget(slot: number, generation: number): void {
    if (this.#links[slot]?.generation === generation) this.#links[slot] = undefined;
  }

  /** Ends the thread and every connection of it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.commands.close();
    this.#addon.close(this.#handle);
    this.#closeUntold();
  }

  #wakeIf(at: number): void {
    if (Atomics.load(this.#counters, at) === 1 && Atomics.exchange(this.#counters, at, 0) === 1) {
      this.#addon.wake(this.#handle);
    }
  }

  // While it goes on, the thread calls for nobody: what it tells meanwhile is found by the look after each batch.
  readonly #drain = (): void => {
    for (let batch = 0; batch < mostBatches; batch++) {
      this.#drainBatch();
      if (this.#isClosed) return;
      // INVARIANT: what is told, and what becomes room for commands, after this either finds us looking or calls us (native/io.h).
      Atomics.store(this.#counters, counter.waking, 0);
      this.commands.retry();
      if (Atomics.load(this.#counters, counter.eventHead) === this.#eventTail) return;
      if (Atomics.exchange(this.#counters, counter.waking, 1) === 1) return;
    }
    // Timers and other sockets have their turn in between.
    setImmediate(this.#drain);
  };

  #drainBatch(): void {
    if (this.#isClosed) return;
    const head = Atomics.load(this.#counters, counter.eventHead);
    let tail = this.#eventTail;
    let slab = -1;
    while (tail !== head && !this.#isClosed) {
      const at = (tail % eventCount) * recordWords;
      this.#takeSafely(at);
      slab = this.#events[at + word.slab] ?? 0;
      tail = (tail + 1) >>> 0;
    }
    this.#eventTail = tail;
    if (this.#isClosed) return;
    if (slab >= 0) Atomics.store(this.#counters, counter.eventSlabTail, slab);
    Atomics.store(this.#counters, counter.eventTail, tail);
    this.#wakeIf(counter.starved);
    this.commands.publish();
  }

  #takeSafely(at: number): void {
    try {
      this.#take(at);
    } catch (error) {
      // One connection's trouble must not stop the events of the others.
      this.#owner.failed('native', error);
    }
  }

  #take(at: number): void {
    const events = this.#events;
    const type = (events[at] ?? 0) & 0xff;
    const slot = events[at + word.slot] ?? 0;
    if (type === event.accepted) {
      const accepted = this.#owner.accepted(this, this.#readAccepted(at));
      if (accepted === null) return;
      this.#links[slot] = accepted;
      accepted.start();
      return;
    }
    const link = this.#links[slot];
    if (link === undefined || link.generation !== events[at + word.generation]) {
      // Of a connection that we let go of meanwhile: its descriptor is nobody's.
      if (type === event.detached) closeSync(events[at + word.a] ?? -1);
      return;
    }
    this.#deliver(link, type, at);
  }

  #deliver(link: LinkEvents, type: number, at: number): void {
    const events = this.#events;
    const side: SideNumber = events[at + word.a] === 1 ? 1 : 0;
    const b = events[at + word.b] ?? 0;
    if ((events[at] ?? 0) >>> 8 !== link.epoch && isOfUpstream(type, side)) return;
    switch (type) {
      case event.bytes: {
        const offset = events[at + word.offset] ?? 0;
        link.onBytes(side, this.#takeBytes(offset, events[at + word.length] ?? 0));
        break;
      }
      case event.end:
        link.onEnd(side);
        break;
      case event.lost:
        link.onLost(side);
        break;
      case event.drained:
        link.onDrained(side);
        break;
      case event.dialled:
        link.onDialled(events[at + word.a] ?? 0);
        break;
      case event.dialFailed:
        link.onDialFailed([...events.subarray(at + word.b, at + word.b + (events[at + word.a] ?? 0))]);
        break;
      case event.due:
        link.onDue(events[at + word.a] === 1);
        break;
      case event.budget:
        link.onBudget(side, b);
        break;
      default:
        this.#deliverEnd(link, type, at);
    }
  }

  // The one copy: the bytes are the conversation's from here on, and the slab is the thread's again after this batch. Short ones share a
  // piece of memory: one of its own costs ten times as much to make as to fill.
  #takeBytes(offset: number, length: number): Uint8Array {
    const bytes = this.#eventSlab.subarray(offset, offset + length);
    if (length > longestShared) return bytes.slice();
    if (this.#shared.length - this.#sharedUsed < length) {
      this.#shared = new Uint8Array(sharedBytes);
      this.#sharedUsed = 0;
    }
    const copy = this.#shared.subarray(this.#sharedUsed, this.#sharedUsed + length);
    copy.set(bytes);
    this.#sharedUsed += length;
    return copy;
  }

  #deliverEnd(link: LinkEvents, type: number, at: number): void {
    const slot = this.#events[at + word.slot] ?? 0;
    const totalsAt = (at + word.totals) / 2;
    const first = this.#events[at + word.a] ?? 0;
    this.forget(slot, link.generation);
    if (type === event.over) {
      link.onOver(first === 1 ? 1 : 0, this.#eventTotals[totalsAt] ?? 0, this.#eventTotals[totalsAt + 1] ?? 0);
    } else if (type === event.closed) link.onClosed();
    else if (type === event.detached) link.onDetached(first);
  }

  #readAccepted(at: number): AcceptedSocket {
    const events = this.#events;
    const packed = events[at + 3] ?? 0;
    const ports = events[at + 8] ?? 0;
    const localFamily = packed >>> 24;
    return {
      slot: events[at + word.slot] ?? 0,
      generation: events[at + word.generation] ?? 0,
      listener: packed & 0xffff,
      peer: this.#addressAt(at + 4, (packed >>> 16) & 0xff),
      peerPort: ports & 0xffff,
      local: localFamily === 0 ? null : this.#addressAt(at + 9, localFamily),
      localPort: ports >>> 16,
    };
  }

  #addressAt(at: number, family: number): readonly number[] {
    const events = this.#events;
    if (family === 4) return [events[at] ?? 0];
    return [events[at] ?? 0, events[at + 1] ?? 0, events[at + 2] ?? 0, events[at + 3] ?? 0];
  }

  // Descriptors that were handed over in events that nobody will take.
  #closeUntold(): void {
    const head = Atomics.load(this.#counters, counter.eventHead);
    for (let tail = this.#eventTail; tail !== head; tail = (tail + 1) >>> 0) {
      const at = (tail % eventCount) * recordWords;
      if (((this.#events[at] ?? 0) & 0xff) === event.detached) closeSync(this.#events[at + word.a] ?? -1);
    }
  }
}

function isOfUpstream(type: number, side: SideNumber): boolean {
  return type === event.dialled || type === event.dialFailed || (side === 1 && type <= event.drained);
}
