import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { LiveConnection } from './connection-table.ts';
import type { OwnClient } from './dns-client.ts';
import { type DohExchange, exchangeOfHttp2 } from './doh-exchange.ts';
import { DohRequest } from './doh-request.ts';
import type { ListenReason } from './listen-counts.ts';
import type { ListenParts } from './listen-parts.ts';

/** Longest head of a request, in bytes: a query of a GET has at most 5,500. */
export const maxHeadBytes: number = 16 * 1024;

/** A connection of DNS over HTTPS, HTTP/1.1 or HTTP/2: holds how much is open, unsent and taken back, and the deadline. */
export class HttpsConnection implements LiveConnection {
  readonly #client: OwnClient;
  readonly #socket: TLSSocket;
  readonly #parts: ListenParts;
  #session: ServerHttp2Session | null = null;
  #deadline: NodeJS.Timeout;
  #open = 0;
  #begun = 0;
  #takenBack = 0;
  #unsentBytes = 0;
  #isFinishing = false;
  #isGone = false;

  constructor(socket: TLSSocket, client: OwnClient, parts: ListenParts) {
    this.#socket = socket;
    this.#client = client;
    this.#parts = parts;
    this.#deadline = setTimeout(this.#onDeadline, parts.limits.firstQuestionTimeoutMs);
    socket.once('close', () => {
      this.#isGone = true;
      clearTimeout(this.#deadline);
    });
  }

  /** Whether the connection closes after what is open. */
  get isFinishing(): boolean {
    return this.#isFinishing;
  }

  /** Answers a request. */
  begin(exchange: DohExchange): void {
    const isFull = this.#open >= this.#parts.limits.maxConnectionInFlight;
    if (this.#isGone || isFull) this.#refuseMore(exchange);
    else this.#start(exchange);
  }

  /** Speaks HTTP/2. The bounds of node's own come before ours: they end what never becomes a request. */
  speakHttp2(): void {
    const { maxConnectionInFlight, maxStreamResets } = this.#parts.limits;
    const session = performServerHandshake(this.#socket, {
      settings: { maxConcurrentStreams: maxConnectionInFlight, maxHeaderListSize: maxHeadBytes, enablePush: false },
      // Megabytes, the least there is.
      maxSessionMemory: 1,
      maxHeaderListPairs: 64,
      maxSessionInvalidFrames: maxStreamResets,
      maxSessionRejectedStreams: maxStreamResets,
    });
    this.#session = session;
    session.on('error', () => session.destroy());
    session.once('close', () => this.#socket.destroy());
    session.on('stream', (stream, headers) => {
      stream.on('error', () => stream.destroy());
      stream.once('aborted', () => this.#countTakenBack());
      this.begin(exchangeOfHttp2(stream as ServerHttp2Stream, headers));
    });
    // To http2 a TLS socket that no `tls.Server` made is still connecting, and it waits for the event that clients get.
    this.#socket.emit('secureConnect');
  }

  finish(): void {
    this.#isFinishing = true;
    this.#session?.close();
    if (this.#open === 0 && this.#session === null) this.cut();
  }

  cut(): void {
    this.#session?.destroy();
    this.#socket.destroy();
  }

  /** Ends the connection and counts why. */
  cutFor(reason: ListenReason): void {
    this.#cutFor(reason);
  }

  #start(exchange: DohExchange): void {
    this.#open += 1;
    this.#begun += 1;
    clearTimeout(this.#deadline);
    let unsentBytes = 0;
    const sending = (bytes: number): void => {
      unsentBytes = bytes;
      this.#countUnsent(bytes);
    };
    exchange.onClosed(() => this.#ended(unsentBytes));
    new DohRequest(exchange, { client: this.#client, sending }, this.#parts).start();
  }

  #countUnsent(bytes: number): void {
    this.#unsentBytes += bytes;
    const { maxUnsentBytes } = this.#parts.limits;
    if (this.#unsentBytes > maxUnsentBytes || this.#socket.writableLength > maxUnsentBytes) this.#cutFor('unread');
  }

  // HTTP/2 tells the bound beforehand; a client that does not keep it, or that pipelines so much, is no resolver.
  #refuseMore(exchange: DohExchange): void {
    exchange.drop();
    if (this.#session === null) this.#cutFor('request_flood');
    else this.#countTakenBack();
  }

  // Streams opened and taken back at once cost work that no bound on open streams sees (CVE-2023-44487).
  #countTakenBack(): void {
    this.#takenBack += 1;
    if (this.#takenBack <= this.#parts.limits.maxStreamResets + this.#begun / 10) return;
    this.#session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.#cutFor('request_flood');
  }

  #ended(unsentBytes: number): void {
    this.#open -= 1;
    this.#unsentBytes -= unsentBytes;
    if (this.#open > 0 || this.#isGone) return;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(this.#onDeadline, this.#parts.limits.idleTimeoutMs);
    if (this.#isFinishing && this.#session === null) this.#socket.destroySoon();
  }

  readonly #onDeadline = (): void => {
    this.#cutFor(this.#begun === 0 ? 'first_question_late' : 'idle');
  };

  #cutFor(reason: ListenReason): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#deadline);
    this.#parts.tally.reasons[reason] += 1;
    this.cut();
  }
}
