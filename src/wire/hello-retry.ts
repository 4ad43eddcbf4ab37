import { type ClientHello, parseClientHello } from './client-hello.ts';
import type { Incomplete } from './socks5.ts';
import { readRecordHeader, recordHeaderBytes, recordTypes } from './tls-records.ts';
import { type Refused, refused } from './wire-fault.ts';

/**
 * What to do with the client's bytes after its first hello. `pass`: send all of them, and everything later. `incomplete`: hold
 * them and ask again with more. `second_hello`: judge it, then send all. `fault`: cut.
 */
export type SecondHelloResult =
  | Incomplete
  | Refused
  | { readonly kind: 'pass' }
  | { readonly kind: 'second_hello'; readonly hello: ClientHello };

/**
 * Watches for a HelloRetryRequest, after which the client says hello again and could name another server (RFC 8446 section 4.1.4).
 * States: `watching` the server's first message -> `retry` (a second hello must come) or `over` (none can).
 */
export interface HelloRetryWatcher {
  /** Whether the server's bytes still need to be shown. */
  readonly state: 'watching' | 'retry' | 'over';
  /** Shows the server's bytes, each once, in order. They are never held. */
  serverBytes(bytes: Uint8Array): void;
  /** Judges all client bytes since the first hello that were held so far. After `pass` or `second_hello` the watcher is done. */
  clientBytes(held: Uint8Array): SecondHelloResult;
}

// RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest", in the place of the server's random.
const retryRandom = Uint8Array.of(
  0xcf,
  0x21,
  0xad,
  0x74,
  0xe5,
  0x9a,
  0x61,
  0x11,
  0xbe,
  0x1d,
  0x8c,
  0x02,
  0x1e,
  0x65,
  0xb8,
  0x91,
  0xc2,
  0xa2,
  0x11,
  0x16,
  0x7a,
  0xbb,
  0x8c,
  0x5e,
  0x07,
  0x9e,
  0x09,
  0xe2,
  0xc8,
  0xa8,
  0x33,
  0x9c,
);
const serverHelloType = 2;
// Type, length and version, then the random.
const randomAt = 6;
const neededBytes = randomAt + retryRandom.length;
// A warning such as unrecognized_name may come before the ServerHello; more than a few are no handshake.
const mostAlerts = 4;
const maxHeldBytes = 65_536;

/** Creates a watcher for one connection whose first hello was seen. It holds at most 43 bytes. */
export function createHelloRetryWatcher(): HelloRetryWatcher {
  return new Watcher();
}

const nothing = new Uint8Array(0);

class Watcher implements HelloRetryWatcher {
  state: 'watching' | 'retry' | 'over' = 'watching';
  // Made once the server speaks: many wait for that, some for long.
  #header = nothing;
  #headerBytes = 0;
  #fragmentLeft = 0;
  #alerts = 0;
  #message = nothing;
  #messageBytes = 0;

  serverBytes(bytes: Uint8Array): void {
    if (this.#header === nothing) {
      this.#header = new Uint8Array(recordHeaderBytes);
      this.#message = new Uint8Array(neededBytes);
    }
    let at = 0;
    while (this.state === 'watching' && at < bytes.length) {
      at += this.#fragmentLeft === 0 ? this.#readHeader(bytes, at) : this.#readFragment(bytes, at);
    }
  }

  clientBytes(held: Uint8Array): SecondHelloResult {
    if (this.state === 'over') return { kind: 'pass' };
    // Nothing may pass before the server has spoken: a second hello sent early would be read by the server just the same.
    if (this.state === 'watching') return isRecords(held) ? waitWithin(held) : this.#finish({ kind: 'pass' });
    return this.#findSecondHello(held);
  }

  #readHeader(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + recordHeaderBytes - this.#headerBytes);
    this.#header.set(part, this.#headerBytes);
    this.#headerBytes += part.length;
    const record = readRecordHeader(this.#header.subarray(0, this.#headerBytes), 0);
    if (record === 'not_tls') this.state = 'over';
    else if (record !== null) this.#startRecord(record.type, record.end - record.start);
    return part.length;
  }

  #startRecord(type: number, length: number): void {
    this.#headerBytes = 0;
    this.#fragmentLeft = length;
    if (type === recordTypes.handshake) return;
    this.#alerts += 1;
    if (type !== recordTypes.alert || this.#alerts > mostAlerts || this.#messageBytes > 0) this.state = 'over';
  }

  #readFragment(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + this.#fragmentLeft);
    this.#fragmentLeft -= part.length;
    if (this.#header[0] === recordTypes.handshake) this.#addToMessage(part);
    return part.length;
  }

  #addToMessage(part: Uint8Array): void {
    const wanted = part.subarray(0, neededBytes - this.#messageBytes);
    this.#message.set(wanted, this.#messageBytes);
    this.#messageBytes += wanted.length;
    if (this.#message[0] !== serverHelloType) this.state = 'over';
    else if (this.#messageBytes === neededBytes) this.state = this.#isRetry() ? 'retry' : 'over';
  }

  #isRetry(): boolean {
    return retryRandom.every((byte, index) => this.#message[randomAt + index] === byte);
  }

  // Before the second hello may stand a ChangeCipherSpec (RFC 8446 appendix D.4) and early data that was already under way. An alert
  // ends nothing: servers pass over `user_canceled` (section 6.1), and a hello behind it would be read like any other.
  #findSecondHello(held: Uint8Array): SecondHelloResult {
    let at = 0;
    for (;;) {
      const record = readRecordHeader(held, at);
      if (record === null) return waitWithin(held);
      if (record === 'not_tls') return refused('hello_malformed', 'what follows a HelloRetryRequest is not TLS');
      if (record.type === recordTypes.handshake) return this.#readSecondHello(held, at);
      if (record.end > held.length) return waitWithin(held);
      at = record.end;
    }
  }

  #readSecondHello(held: Uint8Array, at: number): SecondHelloResult {
    const result = parseClientHello(held.subarray(at));
    if (result.kind === 'incomplete') return waitWithin(held);
    if (result.kind === 'not_tls') return refused('hello_malformed', 'what follows a HelloRetryRequest is not a hello');
    return result.kind === 'fault' ? result : this.#finish({ kind: 'second_hello', hello: result.hello });
  }

  #finish(result: SecondHelloResult): SecondHelloResult {
    this.state = 'over';
    return result;
  }
}

// What is no TLS record ends the handshake at any server that speaks TLS, so no second hello can follow it.
function isRecords(held: Uint8Array): boolean {
  for (let at = 0; at < held.length; ) {
    const record = readRecordHeader(held, at);
    if (record === 'not_tls') return false;
    if (record === null) return true;
    at = record.end;
  }
  return true;
}

function waitWithin(held: Uint8Array): SecondHelloResult {
  if (held.length <= maxHeldBytes) return { kind: 'incomplete' };
  return refused('hello_too_large', `more than ${maxHeldBytes} bytes came before the second hello`);
}
