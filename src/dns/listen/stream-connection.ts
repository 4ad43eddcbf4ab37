import type { Socket } from 'node:net';
import type { ClientShare } from './client-share.ts';
import type { LiveConnection } from './connection-table.ts';
import type { OwnClient } from './dns-client.ts';
import type { ListenReason } from './listen-counts.ts';
import type { ListenParts } from './listen-parts.ts';
import { frameMessage, MessageReader } from './message-reader.ts';
import { headerBytes, isQuery } from './query-bytes.ts';

// Every answer that is there at once is written here first and copied out at its length: one for all connections.
const scratch = new Uint8Array(65_535);

/**
 * A connection over TCP or TLS (RFC 7766): questions in a row, answers as they come, in any order.
 *
 * It reads while none of these holds: `#isSlowed` (over the rate), `#isWaiting` (too many answers are waited for by others), enough
 * answers are waited for here, or the peer has not taken its answers. It ends when the peer has closed and all is answered, after
 * `finish`, at the deadline (no whole question, no answer), when the peer reads nothing, or sends what is no query.
 */
export class StreamConnection implements LiveConnection {
  readonly #socket: Socket;
  readonly #client: OwnClient;
  readonly #parts: ListenParts;
  readonly #reader = new MessageReader();
  #share: ClientShare;
  #inFlight = 0;
  #isSlowed = false;
  #isWaiting = false;
  #isOver = false;
  #isGone = false;
  #hasAsked = false;
  #deadline: NodeJS.Timeout;
  #slowing: NodeJS.Timeout | null = null;

  constructor(socket: Socket, client: OwnClient, parts: ListenParts) {
    this.#socket = socket;
    this.#client = client;
    this.#parts = parts;
    this.#share = parts.rates.find(client.address, parts.options.clock.now());
    this.#deadline = setTimeout(this.#onDeadline, parts.limits.firstQuestionTimeoutMs);
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#pump();
    });
    socket.on('drain', () => this.#pump());
    socket.once('end', () => this.finish());
    socket.once('close', () => this.#onClose());
  }

  finish(): void {
    this.#isOver = true;
    this.#pump();
  }

  cut(): void {
    this.#socket.destroy();
  }

  #pump(): void {
    while (this.#mayRead()) {
      const query = this.#reader.next();
      if (query === null) {
        this.#readOn();
        return;
      }
      this.#onMessage(query);
    }
    if (!this.#isGone) this.#socket.pause();
  }

  #mayRead(): boolean {
    const { inFlight, limits } = this.#parts;
    const isHeld = this.#isSlowed || this.#isWaiting || this.#inFlight >= limits.maxConnectionInFlight;
    if (this.#isGone || isHeld || this.#socket.writableNeedDrain) return false;
    if (inFlight.hasRoom(this.#share)) return true;
    this.#isWaiting = true;
    this.#parts.tally.reasons.in_flight_full += 1;
    inFlight.wait(this.#share, this.#onRoom);
    return false;
  }

  #readOn(): void {
    if (!this.#isOver) this.#socket.resume();
    else if (this.#inFlight === 0) this.#socket.end();
  }

  #onMessage(query: Uint8Array): void {
    const { tally, rates, options, limits } = this.#parts;
    if (!isQuery(query)) {
      this.#cutFor('not_a_query');
      return;
    }
    this.#hasAsked = true;
    this.#postpone();
    const nowMs = options.clock.now();
    this.#share = rates.find(this.#client.address, nowMs);
    this.#client.isOverRate = !rates.take(this.#share, nowMs);
    if (this.#client.isOverRate) {
      tally.reasons.over_rate_slowed += 1;
      this.#isSlowed = true;
      this.#slowing = setTimeout(this.#onSlowed, limits.slowMs);
    }
    this.#ask(query);
  }

  #ask(query: Uint8Array): void {
    const given = this.#parts.filter.ask(query, this.#client, scratch);
    if (typeof given === 'number') {
      if (given > 0) this.#write(scratch.subarray(0, given));
      return;
    }
    this.#inFlight += 1;
    const awaited = { header: query.slice(0, headerBytes), share: this.#share, maxBytes: this.#client.maxBytes };
    this.#parts.filter.settle(given, awaited, (reply) => {
      this.#inFlight -= 1;
      if (this.#isGone) return;
      if (reply !== null) this.#write(reply);
      this.#postpone();
      this.#pump();
    });
  }

  #write(reply: Uint8Array): void {
    if (this.#isGone || this.#socket.writableEnded) return;
    this.#socket.write(frameMessage(reply));
    if (this.#socket.writableLength > this.#parts.limits.maxUnsentBytes) this.#cutFor('unread');
  }

  /** A byte now and then keeps nobody here: only whole questions and answers move the deadline. */
  #postpone(): void {
    clearTimeout(this.#deadline);
    if (!this.#isGone) this.#deadline = setTimeout(this.#onDeadline, this.#parts.limits.idleTimeoutMs);
  }

  readonly #onDeadline = (): void => {
    // Each answer that is waited for has a deadline of its own.
    if (this.#inFlight > 0) this.#postpone();
    else if (this.#socket.writableLength > 0) this.#cutFor('unread');
    else this.#cutFor(this.#hasAsked ? 'idle' : 'first_question_late');
  };

  readonly #onSlowed = (): void => {
    this.#isSlowed = false;
    this.#pump();
  };

  readonly #onRoom = (): void => {
    this.#isWaiting = false;
    this.#pump();
  };

  #cutFor(reason: ListenReason): void {
    if (this.#isGone) return;
    this.#parts.tally.reasons[reason] += 1;
    this.#onClose();
    this.cut();
  }

  #onClose(): void {
    this.#isGone = true;
    clearTimeout(this.#deadline);
    if (this.#slowing !== null) clearTimeout(this.#slowing);
    this.#parts.inFlight.forget(this.#share, this.#onRoom);
  }
}
