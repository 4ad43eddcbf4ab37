// What native/io.h says of the memory that it shares with us. A file that says something else has another `abi` and is not loaded.

/** The version of this table. */
export const abiVersion = 1;

/** Words of a record of either ring. */
export const recordWords = 16;
/** Records of the ring of events, a power of two. */
export const eventCount = 4096;
/** Records of the ring of commands, a power of two. */
export const commandCount = 4096;
/** Bytes that events bring with them, a power of two. */
export const eventSlabBytes = 1_048_576;
/** Bytes that commands bring with them, a power of two. */
export const commandSlabBytes = 1_048_576;
/** Bytes of the shared counters, at the start. */
export const counterBytes = 4096;
/** Bytes of what is told of one connection, at the end. */
export const toldBytes = 64;

/** Where the shared counters stand, in words; each has a cache line of its own. */
export const counter = {
  eventHead: 0,
  eventTail: 16,
  commandHead: 32,
  commandTail: 48,
  sleeps: 64,
  starved: 80,
  waking: 96,
  eventSlabTail: 112,
  commandSlabTail: 128,
  commandsWait: 144,
} as const;

/** Words of a record. */
export const word = {
  type: 0,
  slot: 1,
  generation: 2,
  a: 3,
  b: 4,
  c: 5,
  totals: 6,
  offset: 13,
  length: 14,
  slab: 15,
} as const;

/** What a thread tells. */
export const event = {
  accepted: 1,
  bytes: 2,
  end: 3,
  lost: 4,
  drained: 5,
  dialled: 6,
  dialFailed: 7,
  over: 8,
  due: 9,
  closed: 10,
  budget: 11,
  detached: 12,
} as const;

/** What a thread is told. */
export const command = {
  read: 1,
  send: 2,
  drain: 3,
  dial: 4,
  drop: 5,
  relay: 6,
  meter: 7,
  grant: 8,
  arm: 9,
  close: 10,
  reset: 11,
  resetTag: 12,
  tag: 13,
  pace: 14,
  detach: 15,
  adopt: 16,
  listen: 17,
  unlisten: 18,
} as const;

/** A thread that was started; for the addon alone. */
export type ThreadHandle = object;

/** A UDP socket that is read; for the addon alone. */
export type DatagramHandle = object;

/** What the addon exports. Numbers below zero are minus an errno. */
export interface Addon {
  readonly abi: number;
  /** Starts a thread. `onEvents` is called when there are events, once until `waking` is cleared. */
  open(
    capacity: number,
    idleMs: number,
    totalMs: number,
    onEvents: () => void,
  ): { readonly handle: ThreadHandle; readonly memory: ArrayBuffer };
  wake(handle: ThreadHandle): void;
  /** Ends a thread and every connection of it, and waits for that. */
  close(handle: ThreadHandle): void;
  /** Makes a socket that listens, or one for datagrams (`isShared`: with SO_REUSEPORT); gives its descriptor. */
  bind(address: string, port: number, isDatagram?: boolean, isShared?: boolean): number;
  /** Makes a bound socket listen. */
  listen(fd: number): number;
  boundAt(fd: number): readonly [address: string, port: number];
  duplicate(fd: number): number;
  /** Reads a UDP socket, which is the addon's from then on, in batches. These four: see `native/datagram.c`. */
  openDatagrams?(
    fd: number,
    receiveBytes: number,
    take: (count: number) => void,
  ): { readonly handle: DatagramHandle; readonly memory: ArrayBuffer } | number;
  sendLater?(handle: DatagramHandle): void;
  datagramCounts?(handle: DatagramHandle): readonly number[];
  closeDatagrams?(handle: DatagramHandle): void;
  /** Only in builds that tests make: lets a system call fail. */
  failNext?(call: number, errno: number, after: number, times: number): void;
}
