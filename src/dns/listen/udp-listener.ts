import type { Result } from '../../base/index.ts';
import type { DatagramCounts, DatagramSocket, ListenAddress, OutDatagram, ReplyPlace } from '../../transport/index.ts';
import type { ClientShare } from './client-share.ts';
import { createNodeDatagramSocket } from './datagram-socket.ts';
import type { OwnClient } from './dns-client.ts';
import type { ListenParts } from './listen-parts.ts';
import { canonicalPeer } from './peer-address.ts';
import { headerBytes, isQuery, writeTruncated } from './query-bytes.ts';
import { ReplyBatch } from './reply-batch.ts';

// Over all sockets, for they may have one filter.
let turns = 0;

/**
 * One UDP socket: datagram in -> rate, room -> filter -> batch -> datagrams out. Makes nothing for a question that is answered at once;
 * its reply goes out at the end of the turn in which it was read.
 */
export class UdpListener {
  readonly #parts: ListenParts;
  readonly #socket: DatagramSocket;
  readonly #client: OwnClient;
  readonly #replies: ReplyPlace;
  /** When the turn of the event loop began that reads now (epoch milliseconds), null between two. */
  #turnMs: number | null = null;
  #isStopped = false;
  #lastAddress = '';

  constructor(parts: ListenParts) {
    this.#parts = parts;
    const { maxUdpBytes, receiveBufferBytes } = parts.limits;
    this.#socket = (parts.options.createDatagramSocket ?? createNodeDatagramSocket)(receiveBufferBytes);
    this.#client = {
      transport: 'udp',
      address: '',
      port: 0,
      maxBytes: maxUdpBytes,
      proofs: [],
      isOverRate: false,
      takenAtMs: 0,
    };
    this.#replies =
      this.#socket.place ?? new ReplyBatch(this.#socket, { maxBytes: maxUdpBytes, onDropped: this.#onDropped });
  }

  /** Fault: `listen_failed`. */
  bind(address: ListenAddress): Promise<Result<ListenAddress>> {
    return this.#socket.bind(address, this.#onDatagram, () => {
      this.#parts.tally.reasons.socket_failed += 1;
    });
  }

  /** What the socket lost; null where it cannot tell. */
  counts(): DatagramCounts | null {
    return this.#socket.counts?.() ?? null;
  }

  /** Takes no more questions; answers that are waited for still go out. */
  stop(): void {
    this.#isStopped = true;
  }

  close(): Promise<void> {
    this.#isStopped = true;
    this.#replies.send();
    return this.#socket.close();
  }

  readonly #onDatagram = (bytes: Uint8Array, address: string, port: number): void => {
    const { tally, rates, inFlight } = this.#parts;
    if (this.#isStopped) return;
    if (port === 0) {
      tally.reasons.port_zero += 1;
      return;
    }
    if (!isQuery(bytes)) {
      tally.reasons.not_a_query += 1;
      return;
    }
    const nowMs = this.#turnMs ?? this.#beginTurn();
    this.#setAddress(address);
    this.#client.port = port;
    this.#client.takenAtMs = nowMs;
    const share = rates.find(this.#client.address, nowMs);
    if (!rates.take(share, nowMs)) this.#refuse(bytes, share, address, port);
    else if (inFlight.hasRoom(share)) this.#answer(bytes, share, address, port);
    else tally.reasons.in_flight_full += 1;
  };

  // A load comes in runs of one client.
  #setAddress(address: string): void {
    if (address === this.#lastAddress) return;
    this.#lastAddress = address;
    this.#client.address = canonicalPeer(address);
  }

  #beginTurn(): number {
    const nowMs = this.#parts.options.clock.now();
    this.#turnMs = nowMs;
    // With sockets of Node other things happen between two datagrams.
    if (this.#socket.place !== undefined) {
      turns += 1;
      this.#client.turn = turns;
    }
    this.#replies.atEnd(this.#endTurn);
    return nowMs;
  }

  readonly #endTurn = (): void => {
    this.#turnMs = null;
  };

  #answer(bytes: Uint8Array, share: ClientShare, address: string, port: number): void {
    const given = this.#parts.filter.ask(bytes, this.#client, this.#replies.room);
    if (typeof given !== 'number') this.#answerLater(given, bytes.slice(0, headerBytes), share, { address, port });
    else if (given > 0) this.#replies.add(given, address, port);
  }

  #answerLater(given: Promise<unknown>, header: Uint8Array, share: ClientShare, to: PeerAddress): void {
    const awaited = { header, share, maxBytes: this.#client.maxBytes };
    const peer = this.#socket.peer?.() ?? null;
    this.#parts.filter.settle(given, awaited, (reply) => {
      if (reply === null) return;
      const outcome = this.#socket.send([{ bytes: reply, length: reply.length, ...to, peer }], 1);
      if (outcome === 'dropped') this.#onDropped(1);
    });
  }

  #refuse(bytes: Uint8Array, share: ClientShare, address: string, port: number): void {
    const { reasons } = this.#parts.tally;
    share.overCount = (share.overCount + 1) & 1;
    const length = share.overCount === 1 ? 0 : writeTruncated(bytes, this.#replies.room);
    reasons[length === 0 ? 'over_rate_dropped' : 'over_rate_truncated'] += 1;
    if (length > 0) this.#replies.add(length, address, port);
  }

  readonly #onDropped = (count: number): void => {
    this.#parts.tally.reasons.send_queue_full += count;
  };
}

type PeerAddress = Pick<OutDatagram, 'address' | 'port'>;
