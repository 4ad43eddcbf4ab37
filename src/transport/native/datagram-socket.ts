import { isIP } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type {
  DatagramCounts,
  DatagramPeer,
  DatagramSocket,
  OnDatagram,
  OutDatagram,
  ReplyPlace,
  SendOutcome,
} from '../datagram-socket.ts';
import type { ListenAddress } from '../transport.ts';
import type { Addon, DatagramHandle } from './abi.ts';
import { DatagramPeers } from './datagram-peers.ts';

// As `native/datagram.c` has them.
const batch = 32;
const recordBytes = 96;
const recordWords = recordBytes / 4;
const replyWord = 1;
const cutWord = 2;
/** The first word of what makes a reply go back: who asked, and which address. */
const peerWord = 3;
const peerAt = 16;
const roomBytes = 2_048;
const roomApart = roomBytes + 64;
const allRecordBytes = (batch + 1) * recordBytes;

// Lengths for which a view of each room is kept: nearly all questions are shorter.
const shortBytes = 128;

/** The part of the addon that moves datagrams. */
export type DatagramAddon = Addon & Required<Pick<Addon, (typeof datagramCalls)[number]>>;

const datagramCalls = ['openDatagrams', 'sendLater', 'datagramCounts', 'closeDatagrams'] as const;

/** Whether the addon moves datagrams, as it does where the loop of Node is what it was when it was written. */
export function movesDatagrams(addon: Addon): addon is DatagramAddon {
  return datagramCalls.every((name) => typeof addon[name] === 'function');
}

/** A socket over the addon: a batch of datagrams is one call of the system, and so are the replies to it. IPv6 takes no IPv4. */
export function createNativeDatagramSocket(addon: DatagramAddon, receiveBufferBytes: number): DatagramSocket {
  return new NativeDatagramSocket(addon, receiveBufferBytes);
}

class NativeDatagramSocket implements DatagramSocket, ReplyPlace {
  readonly #addon: DatagramAddon;
  readonly #receiveBufferBytes: number;
  #handle: DatagramHandle | null = null;
  #words = new Uint32Array(0);
  #peers = new DatagramPeers(new ArrayBuffer(0), 0);
  #queries: readonly Uint8Array[] = [];
  #replies: readonly Uint8Array[] = [];
  readonly #views: (Uint8Array | undefined)[] = Array.from({ length: batch * shortBytes });
  #onDatagram: OnDatagram = () => undefined;
  #onError: () => void = () => undefined;
  #over: (() => void) | null = null;
  /** The datagram that is being taken. */
  #at = 0;

  constructor(addon: DatagramAddon, receiveBufferBytes: number) {
    this.#addon = addon;
    this.#receiveBufferBytes = receiveBufferBytes;
  }

  get place(): ReplyPlace {
    return this;
  }

  async bind(address: ListenAddress, onDatagram: OnDatagram, onError: () => void): Promise<Result<ListenAddress>> {
    const { host, port } = address;
    const fd = isIP(host) === 0 ? -22 : this.#addon.bind(host, port, true);
    if (fd < 0) return cannotListen(address, fd);
    const bound = this.#addon.boundAt(fd);
    return this.adopt(fd, onDatagram, onError) ? ok({ host, port: bound[1] }) : cannotListen(address, -24);
  }

  /** Takes a socket that is bound already, and closes it in the end; false where it is none. */
  adopt(fd: number, onDatagram: OnDatagram, onError: () => void): boolean {
    const opened = this.#addon.openDatagrams(fd, this.#receiveBufferBytes, this.#onBatch);
    if (typeof opened === 'number') return false;
    this.#handle = opened.handle;
    this.#onDatagram = onDatagram;
    this.#onError = onError;
    this.#words = new Uint32Array(opened.memory, 0, allRecordBytes / 4);
    this.#peers = new DatagramPeers(opened.memory, allRecordBytes);
    const rooms = Array.from(
      { length: 2 * (batch + 1) },
      (_, at) => new Uint8Array(opened.memory, allRecordBytes + at * roomApart, roomBytes),
    );
    this.#queries = rooms.slice(0, batch);
    this.#replies = rooms.slice(batch + 1);
    return true;
  }

  get room(): Uint8Array {
    const room = this.#replies[this.#at];
    if (room === undefined) throw new Error('no datagram is being taken');
    return room;
  }

  add(length: number): void {
    this.#words[this.#at * recordWords + replyWord] = length;
  }

  atEnd(over: () => void): void {
    this.#over = over;
  }

  // The addon sends what was added once the batch is taken.
  send(): SendOutcome;
  send(replies: readonly OutDatagram[], count: number): SendOutcome;
  send(replies: readonly OutDatagram[] = [], count = 0): SendOutcome {
    for (const { bytes, length, peer } of replies.slice(0, count)) {
      const room = this.#replies[batch];
      if (this.#handle === null || !(peer instanceof Uint32Array) || room === undefined) return 'dropped';
      room.set(bytes.subarray(0, length));
      this.#words.set(peer, batch * recordWords + peerWord);
      this.#words[batch * recordWords + replyWord] = length;
      this.#addon.sendLater(this.#handle);
    }
    return 'sent';
  }

  peer(): DatagramPeer {
    const start = this.#at * recordWords;
    return this.#words.slice(start + peerWord, start + recordWords);
  }

  counts(): DatagramCounts {
    const [unread = 0, dropped = 0, failures = 0] =
      this.#handle === null ? [] : this.#addon.datagramCounts(this.#handle);
    return { unread, dropped, failed: failures };
  }

  async close(): Promise<void> {
    if (this.#handle !== null) this.#addon.closeDatagrams(this.#handle);
    this.#handle = null;
  }

  readonly #onBatch = (count: number): void => {
    for (let at = 0; at < count && this.#handle !== null; at += 1) this.#take(at);
    const over = this.#over;
    this.#over = null;
    over?.();
  };

  #take(at: number): void {
    const start = at * recordWords;
    const words = this.#words;
    // Longer than any question: what is left of it is none.
    if (words[start + cutWord] !== 0) return;
    this.#at = at;
    const peer = at * recordBytes + peerAt;
    try {
      this.#onDatagram(this.#query(at, words[start] ?? 0), this.#peers.textAt(peer), this.#peers.portAt(peer));
    } catch {
      // One datagram's trouble must not end the others.
      this.#onError();
    }
  }

  #query(at: number, length: number): Uint8Array {
    const room = this.#queries[at] ?? new Uint8Array(0);
    if (length >= shortBytes) return room.subarray(0, length);
    const place = at * shortBytes + length;
    const known = this.#views[place];
    if (known !== undefined) return known;
    const view = room.subarray(0, length);
    this.#views[place] = view;
    return view;
  }
}

function cannotListen({ host, port }: ListenAddress, code: number): Result<ListenAddress> {
  const message = `cannot listen on UDP \`${host}:${port}\`: bind ${getSystemErrorName(code)} ${host}`;
  return failed(fault('listen_failed', port === 0 ? message : `${message}:${port}`));
}
