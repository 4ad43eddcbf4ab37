import type { DatagramSocket, OutDatagram, ReplyPlace, SendOutcome } from '../../transport/index.ts';

/** As many datagrams as libuv reads from a socket before anything else has its turn. */
const mostReplies = 32;

/**
 * Replies of one turn of the event loop, written into memory that is used again, and sent together at its end. A client that waits is
 * woken by the first of them: sent one by one between questions, each reply wakes it anew, and on few cores it takes ours meanwhile.
 */
export class ReplyBatch implements ReplyPlace {
  readonly #send: (batch: readonly OutDatagram[], count: number) => SendOutcome;
  readonly #onDropped: (count: number) => void;
  readonly #maxBytes: number;
  readonly #replies: OutDatagram[];
  #count = 0;

  constructor(
    socket: Pick<DatagramSocket, 'send'>,
    { maxBytes, onDropped }: { readonly maxBytes: number; readonly onDropped: (count: number) => void },
  ) {
    this.#send = (batch, count) => socket.send(batch, count);
    this.#onDropped = onDropped;
    this.#maxBytes = maxBytes;
    this.#replies = Array.from({ length: mostReplies }, () => this.#emptyReply());
  }

  /** Where the next reply is written. */
  get room(): Uint8Array {
    return this.#next.bytes;
  }

  /** Takes the reply that stands in `room`, and sends all when there is no room for one more. */
  add(length: number, address: string, port: number): void {
    const reply = this.#next;
    reply.length = length;
    reply.address = address;
    reply.port = port;
    this.#count += 1;
    if (this.#count === this.#replies.length) this.send();
  }

  /** The turn is over once everything that was there to be read has been. */
  atEnd(over: () => void): void {
    setImmediate(() => {
      over();
      this.send();
    });
  }

  /** Sends what was added. */
  send(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    const outcome = this.#send(this.#replies, count);
    if (outcome === 'dropped') this.#onDropped(count);
    // The kernel will read them later: the next replies are written elsewhere.
    if (outcome === 'held') for (let at = 0; at < count; at += 1) this.#replies[at] = this.#emptyReply();
  }

  get #next(): OutDatagram {
    const known = this.#replies[this.#count];
    if (known === undefined) throw new Error('a batch that is full was not sent');
    return known;
  }

  #emptyReply(): OutDatagram {
    return { bytes: new Uint8Array(this.#maxBytes), length: 0, address: '', port: 0 };
  }
}
