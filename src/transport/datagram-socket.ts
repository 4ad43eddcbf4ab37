import type { Result } from '../base/index.ts';
import type { ListenAddress } from './transport.ts';

/** Takes a datagram. `bytes` holds only until it returns; `address` is text as the kernel gives it, with a zone where it has one. */
export type OnDatagram = (bytes: Uint8Array, address: string, port: number) => void;

/** Who sent a datagram, and to which of our addresses, as its socket keeps it for a reply that comes later. */
export type DatagramPeer = object;

/** A datagram to send: the first `length` of `bytes`, to an address as text. */
export interface OutDatagram {
  bytes: Uint8Array;
  length: number;
  address: string;
  port: number;
  /** What `peer()` of the socket gave for the datagram that this replies to. Default: null, the address says it all. */
  peer?: DatagramPeer | null;
}

/**
 * What became of datagrams. `sent`: their bytes may be used again. `held`: they may not, the kernel takes some of them later. `dropped`:
 * none was sent, for too many are held already.
 */
export type SendOutcome = 'sent' | 'held' | 'dropped';

/** Where the replies of one turn of the event loop are written, and what sends them at its end. */
export interface ReplyPlace {
  /** Where the reply to the datagram at hand is written. */
  readonly room: Uint8Array;
  /** Takes the reply that stands in `room`. */
  add(length: number, address: string, port: number): void;
  /** Calls once when the turn is over, before what was added is sent. */
  atEnd(over: () => void): void;
  /** Sends what was added. */
  send(): void;
}

/** What a socket lost; only those tell who can. */
export interface DatagramCounts {
  /** Datagrams that were not read in time. */
  readonly unread: number;
  /** Replies for which there was no room. */
  readonly dropped: number;
  /** Replies that could not be sent at all. */
  readonly failed: number;
}

/** A UDP socket as the listener of DNS needs it: the port behind which sockets that take many datagrams at once stand. */
export interface DatagramSocket {
  /** Binds once and gives the address with its port. An error after that is told to `onError`, and the socket goes on. Fault: `listen_failed`. */
  bind(address: ListenAddress, onDatagram: OnDatagram, onError: () => void): Promise<Result<ListenAddress>>;
  /** Sends the first `count` of a batch from the address that is bound. Never throws; what is lost is lost, as with UDP. */
  send(batch: readonly OutDatagram[], count: number): SendOutcome;
  close(): Promise<void>;
  /** Where replies are written that go out with the turn, whose datagrams are taken one after the other with nothing else in between. Default: none, whoever listens collects them and calls `send`. */
  readonly place?: ReplyPlace;
  /** Who sent the datagram that is being taken, for a reply that comes later. Default: its address says it all. */
  peer?(): DatagramPeer;
  counts?(): DatagramCounts;
}
