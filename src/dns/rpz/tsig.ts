import { createHmac, type Hmac, timingSafeEqual } from 'node:crypto';
import { type Clock, type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { dnsTypes, lowerName, sameName, writeName } from '../../wire/index.ts';
import { findTsig, type TsigRecord } from './tsig-record.ts';

/** Algorithms that are spoken, as they are named on the wire (RFC 8945 section 6). */
export const tsigAlgorithms = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const;

/** A secret that is shared with a primary. */
export interface TsigKey {
  /** Without a last dot, as the primary knows it. */
  readonly name: string;
  readonly algorithm: (typeof tsigAlgorithms)[number];
  readonly secret: Uint8Array;
}

/** RFC 8945 section 10: the difference of clocks that is allowed, in seconds. */
const fudgeSeconds = 300;
/** RFC 8945 section 5.3.1: messages of a stream without a signature in between. */
const maxUnsigned = 99;
const anyClass = 255;
const errorNames: ReadonlyMap<number, string> = new Map([
  [16, 'BADSIG: the secrets differ'],
  [17, 'BADKEY: it does not know the key, or not with this algorithm'],
  [18, 'BADTIME: the clocks differ'],
  [22, 'BADTRUNC: it wants a longer signature'],
]);

/** Signs a question. Gives the message with its TSIG, and the MAC that the answer builds on. `nowMs` is epoch milliseconds. */
export function signMessage(message: Uint8Array, key: TsigKey, nowMs: number): { bytes: Uint8Array; mac: Uint8Array } {
  const seconds = Math.floor(nowMs / 1000);
  const hmac = createHmac(hashOf(key), key.secret);
  hmac.update(message);
  const times = timesOf(seconds, fudgeSeconds);
  hmac.update(variablesOf(key, times));
  const mac = new Uint8Array(hmac.digest());
  const id = message.subarray(0, 2);
  const data = joined(nameOf(key.algorithm), times, number16(mac.length), mac, id, new Uint8Array(4));
  const head = joined(nameOf(key.name), number16(dnsTypes.tsig), number16(anyClass), new Uint8Array(4));
  const bytes = joined(message, head, number16(data.length), data);
  const view = new DataView(bytes.buffer);
  view.setUint16(10, view.getUint16(10) + 1);
  return { bytes, mac };
}

/**
 * Checks a stream of messages that answers a signed question. Messages may go unsigned between signed ones, at most 99 in a row; the first
 * and the last must be signed. What was accepted is only to be believed once `end` has said so.
 */
export class TsigVerifier {
  readonly #key: TsigKey;
  readonly #clock: Clock;
  #hmac: Hmac;
  #isFirst = true;
  #unsigned = 0;

  /** `requestMac` is what `signMessage` gave. */
  constructor(key: TsigKey, requestMac: Uint8Array, clock: Clock) {
    this.#key = key;
    this.#clock = clock;
    this.#hmac = this.#startAfter(requestMac);
  }

  /** Takes the next message. Fault: `tsig_failed`. */
  accept(bytes: Uint8Array): Result<void> {
    const tsig = findTsig(bytes);
    if (tsig === 'malformed') return refuse('the signature of a message cannot be read');
    if (tsig === null) return this.#acceptUnsigned(bytes);
    const why = this.#wrongWith(tsig);
    if (why !== null) return refuse(why);
    this.#hmac.update(unsignedPart(bytes, tsig));
    const times = timesOf(tsig.signedAtSeconds, tsig.fudgeSeconds);
    this.#hmac.update(this.#isFirst ? variablesOf(this.#key, times) : times);
    const mac = this.#hmac.digest();
    if (tsig.mac.length !== mac.length || !timingSafeEqual(mac, tsig.mac)) return refuse('the signature is wrong');
    // After the MAC: only then is the time the primary's.
    const mostSeconds = Math.min(tsig.fudgeSeconds, fudgeSeconds);
    if (Math.abs(Math.floor(this.#clock.now() / 1000) - tsig.signedAtSeconds) > mostSeconds) {
      return refuse(`it was signed at another time, the clocks differ by more than ${mostSeconds} seconds`);
    }
    this.#hmac = this.#startAfter(tsig.mac);
    this.#isFirst = false;
    this.#unsigned = 0;
    return ok(undefined);
  }

  /** Says whether the stream may end here. Fault: `tsig_failed`. */
  end(): Result<void> {
    return this.#isFirst || this.#unsigned > 0 ? refuse('the last message is not signed') : ok(undefined);
  }

  #acceptUnsigned(bytes: Uint8Array): Result<void> {
    if (this.#isFirst) return refuse('the answer is not signed');
    this.#unsigned += 1;
    if (this.#unsigned > maxUnsigned) return refuse(`more than ${maxUnsigned} messages in a row are not signed`);
    this.#hmac.update(bytes);
    return ok(undefined);
  }

  #wrongWith(tsig: TsigRecord): string | null {
    if (tsig.error !== 0) return `the primary says ${errorNames.get(tsig.error) ?? `error ${tsig.error}`}`;
    if (tsig.hasOtherData) return 'the signature carries other data';
    if (!sameName(tsig.keyName, this.#key.name)) return 'it is signed with another key';
    return sameName(tsig.algorithmName, this.#key.algorithm) ? null : 'it is signed by another algorithm';
  }

  #startAfter(mac: Uint8Array): Hmac {
    const hmac = createHmac(hashOf(this.#key), this.#key.secret);
    hmac.update(number16(mac.length));
    hmac.update(mac);
    return hmac;
  }
}

// RFC 8945 section 4.3.2: the message as it was before it was signed.
function unsignedPart(bytes: Uint8Array, tsig: TsigRecord): Uint8Array {
  // Not `slice`, which shares memory where the bytes are a Buffer.
  const part = new Uint8Array(bytes.subarray(0, tsig.at));
  const view = new DataView(part.buffer);
  view.setUint16(0, tsig.originalId);
  view.setUint16(10, view.getUint16(10) - 1);
  return part;
}

// RFC 8945 section 4.3.3, with neither an error nor other data.
function variablesOf(key: TsigKey, times: Uint8Array): Uint8Array {
  const head = joined(nameOf(key.name), number16(anyClass), new Uint8Array(4), nameOf(key.algorithm));
  return joined(head, times, new Uint8Array(4));
}

function timesOf(seconds: number, fudge: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(seconds / 2 ** 32));
  view.setUint32(2, seconds % 2 ** 32);
  view.setUint16(6, fudge);
  return bytes;
}

function hashOf(key: TsigKey): string {
  return key.algorithm.slice('hmac-'.length);
}

function nameOf(name: string): Uint8Array {
  const bytes = writeName(lowerName(name));
  if (bytes === null) throw new TypeError(`\`key.name\` is not a name: \`${name}\``);
  return bytes;
}

function number16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function refuse(why: string): Result<never, Fault> {
  return failed(fault('tsig_failed', why));
}
