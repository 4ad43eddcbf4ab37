import type { PresentedProof } from '../../identity/index.ts';
import type { ClientShare } from './client-share.ts';
import type { OwnClient } from './dns-client.ts';
import type { DohExchange } from './doh-exchange.ts';
import type { ListenParts } from './listen-parts.ts';
import {
  bodyTooLong,
  checkDohPost,
  type DohRefusal,
  type DohTarget,
  dnsMessageType,
  dohMethods,
  maxBodyBytes,
  parseDohQuery,
  parseDohTarget,
} from './parse-doh-request.ts';
import { headerBytes, isQuery, makeServfail } from './query-bytes.ts';

/** The connection of a request, as the request needs it. @internal */
export interface DohConnection {
  /** Address, port and the proofs of the connection. */
  readonly client: OwnClient;
  /** Told of the bytes of a reply that the peer has to take. */
  sending(bytes: number): void;
}

const scratch = new Uint8Array(65_535);
const maxAgeCeiling = 2 ** 31 - 1;

/** Answers one request of DNS over HTTPS: rate -> target and body -> room -> filter -> reply. @internal */
export class DohRequest {
  readonly #exchange: DohExchange;
  readonly #connection: DohConnection;
  readonly #parts: ListenParts;
  readonly #share: ClientShare;
  #isOverRate = false;
  #isOver = false;
  #timer: NodeJS.Timeout | null = null;
  #onRoom: (() => void) | null = null;

  constructor(exchange: DohExchange, connection: DohConnection, parts: ListenParts) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.#parts = parts;
    this.#share = parts.rates.find(connection.client.address, parts.options.clock.now());
    exchange.onClosed(() => this.#end());
  }

  /** Takes the rate before anything is read: a request that is refused costs its client as much as a question. */
  start(): void {
    const { rates, options, limits, tally } = this.#parts;
    this.#isOverRate = !rates.take(this.#share, options.clock.now());
    if (this.#isOverRate) {
      tally.reasons.over_rate_slowed += 1;
      this.#after(limits.slowMs, () => this.#read());
    } else {
      this.#read();
    }
  }

  #read(): void {
    const target = parseDohTarget(this.#exchange.target);
    const refusal = target.ok ? this.#readQuery(target.value) : target.fault;
    if (refusal !== null) this.#refuse(refusal);
  }

  #readQuery({ proof, dns }: DohTarget): DohRefusal | null {
    const { method, contentType, contentLength } = this.#exchange;
    if (method === 'GET' || method === 'HEAD') {
      const query = parseDohQuery(dns);
      return query.ok ? this.#take(query.value, proof) : query.fault;
    }
    if (method !== 'POST') return { status: 405, text: `only ${dohMethods} are taken` };
    const wrong = checkDohPost(contentType, contentLength);
    if (wrong === null) this.#readBody(proof);
    return wrong;
  }

  #readBody(proof: PresentedProof | null): void {
    const { body } = this.#exchange;
    const chunks: Uint8Array[] = [];
    let count = 0;
    this.#after(this.#parts.limits.firstQuestionTimeoutMs, () => this.#drop('request_late'));
    body.on('data', (chunk: Uint8Array) => {
      count += chunk.length;
      if (count > maxBodyBytes) this.#refuse(bodyTooLong);
      else chunks.push(chunk);
    });
    body.once('end', () => {
      if (this.#isOver) return;
      const refusal = this.#take(Buffer.concat(chunks, count), proof);
      if (refusal !== null) this.#refuse(refusal);
    });
  }

  #take(query: Uint8Array, proof: PresentedProof | null): DohRefusal | null {
    if (!isQuery(query)) {
      this.#parts.tally.reasons.not_a_query += 1;
      return { status: 400, text: 'the message is not a DNS query' };
    }
    const { client } = this.#connection;
    const proofs = proof === null ? client.proofs : [...client.proofs, proof];
    this.#askWhenRoom(query, { ...client, proofs, isOverRate: this.#isOverRate });
    return null;
  }

  #askWhenRoom(query: Uint8Array, client: OwnClient): void {
    if (this.#isOver) return;
    if (this.#parts.inFlight.hasRoom(this.#share)) this.#ask(query, client);
    else this.#wait(query, client);
  }

  #wait(query: Uint8Array, client: OwnClient): void {
    const { inFlight, tally, limits } = this.#parts;
    if (this.#onRoom === null) {
      tally.reasons.in_flight_full += 1;
      this.#after(limits.answerTimeoutMs, () => this.#reply(makeServfail(query)));
      this.#onRoom = () => this.#askWhenRoom(query, client);
    }
    inFlight.wait(this.#share, this.#onRoom);
  }

  #ask(query: Uint8Array, client: OwnClient): void {
    this.#clear();
    const given = this.#parts.filter.ask(query, client, scratch);
    if (typeof given === 'number') {
      this.#reply(given === 0 ? null : scratch.slice(0, given));
      return;
    }
    const awaited = { header: query.slice(0, headerBytes), share: this.#share, maxBytes: client.maxBytes };
    this.#parts.filter.settle(given, awaited, (reply) => this.#reply(reply));
  }

  // What one client may be told is nobody else's: a cache for many must not keep it.
  #reply(reply: Uint8Array | null): void {
    if (reply === null) this.#drop(null);
    else {
      const cacheControl = `private, max-age=${this.#maxAge(reply)}`;
      this.#send(200, { 'content-type': dnsMessageType, 'cache-control': cacheControl }, reply);
    }
  }

  #maxAge(reply: Uint8Array): number {
    try {
      const seconds = Math.floor(this.#parts.options.ttlOf(reply));
      return seconds > 0 ? Math.min(seconds, maxAgeCeiling) : 0;
    } catch {
      // Without a lifetime nobody may keep it.
      return 0;
    }
  }

  #refuse({ status, text }: DohRefusal): void {
    if (this.#isOver) return;
    this.#parts.tally.reasons.request_refused += 1;
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
    this.#send(status, status === 405 ? { ...headers, allow: dohMethods } : headers, Buffer.from(`${text}\n`));
  }

  #send(status: number, headers: Readonly<Record<string, string>>, bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#end();
    this.#timer = setTimeout(() => {
      this.#parts.tally.reasons.unread += 1;
      this.#exchange.drop();
    }, this.#parts.limits.idleTimeoutMs);
    this.#exchange.onClosed(() => this.#clear());
    this.#exchange.reply(status, headers, bytes);
    this.#connection.sending(bytes.length);
  }

  #drop(reason: 'request_late' | null): void {
    if (this.#isOver) return;
    if (reason !== null) this.#parts.tally.reasons[reason] += 1;
    this.#end();
    this.#exchange.drop();
  }

  #end(): void {
    this.#isOver = true;
    this.#clear();
    if (this.#onRoom !== null) this.#parts.inFlight.forget(this.#share, this.#onRoom);
  }

  #after(delayMs: number, then: () => void): void {
    this.#clear();
    this.#timer = setTimeout(then, delayMs);
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
