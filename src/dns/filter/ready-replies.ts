import { randomInt } from 'node:crypto';
import type { AnswerPlace } from '../lookup/answer.ts';
import { secondsBetween } from '../lookup/answer.ts';
import type { Asker } from './asker.ts';

/** A reply as it was written, and what makes it one that can be written again. */
export interface ReadyReply {
  readonly query: Uint8Array;
  /** Where the name of the question ends. */
  readonly nameEnd: number;
  readonly reply: Uint8Array;
  /** The answer in the reply as it is kept: TTLs as they came. */
  readonly packed: { readonly bytes: Uint8Array; readonly ttlOffsets: Uint16Array };
  readonly ttlCapSeconds: number;
  readonly asker: Asker;
  readonly place: AnswerPlace;
  readonly storedAtMs: number;
  /** From when to when the reply may be told, the end excluded (epoch milliseconds). */
  readonly fromMs: number;
  readonly untilMs: number;
}

const slotBits = 14;
const slots = 1 << slotBits;
const slotBytes = 512;
const slotWords = slotBytes / 4;
const sweptAtOnce = slots / 8;

// What a slot has, in words, then instants, then the places of TTLs, the question and the reply behind each other.
const hashWord = 0;
const epochWord = 1;
const queryWord = 2;
const replyWord = 3;
const nameEndWord = 4;
const ttlsWord = 5;
const capWord = 6;
const fromInstant = 4;
const untilInstant = 5;
const storedInstant = 6;
const headBytes = 64;

const dnsHeaderBytes = 12;
/** Nothing stands ready. */
export const notReady = -1;

/**
 * Replies that were written lately, found by the bytes of the question, all in one piece of memory: with thousands of names each object that is
 * looked at is not in the processor's cache. What they hang on together (policy, grants, zones) is for the caller to compare; who asked is compared here,
 * by itself and not by a number, so that nothing that is told to one is found by another.
 *
 * A slot is taken by whoever comes last, so that what is held here is bounded. The hash hangs on a secret: whoever finds names that meet in one slot
 * makes these go the longer way, and nothing else.
 */
export class ReadyReplies {
  readonly #seed = randomInt(2 ** 32) | 0;
  readonly #factor = (randomInt(2 ** 31) * 2 + 1) | 0;
  #bytes = new Uint8Array(0);
  #shorts = new Uint16Array(0);
  #words = new Int32Array(0);
  #instants = new Float64Array(0);
  #places: (AnswerPlace | null)[] = [];
  #askers: (Asker | null)[] = [];
  #epoch = 1;
  #swept = 0;

  /** The slot of the reply to a query, `notReady` where there is none that may be told at an instant (epoch milliseconds). */
  find(query: Uint8Array, asker: Asker, nowMs: number): number {
    if (this.#places.length === 0 || query.length <= dnsHeaderBytes || query.length >= slotBytes) return notReady;
    const hash = this.#hashOf(query, asker.id);
    const first = hash >>> (32 - slotBits);
    const slot = this.#isOf(first, hash, query, asker) ? first : first ^ 1;
    if (slot !== first && !this.#isOf(slot, hash, query, asker)) return notReady;
    return this.#isAtHand(slot, nowMs) ? slot : notReady;
  }

  /** Bytes of the reply of a slot. */
  lengthOf(slot: number): number {
    return this.#words[slot * slotWords + replyWord] ?? 0;
  }

  /** Writes the reply of a slot as it is told at an instant, to the query that it was found by; gives its length. */
  write(slot: number, query: Uint8Array, into: Uint8Array, nowMs: number): number {
    const [words, bytes] = [this.#words, this.#bytes];
    const place = this.#places[slot];
    if (place?.isUsed === false) place.isUsed = true;
    const head = slot * slotWords;
    const ttls = words[head + ttlsWord] ?? 0;
    const length = words[head + replyWord] ?? 0;
    const nameEnd = words[head + nameEndWord] ?? 0;
    const start = slot * slotBytes + headBytes + 2 * ttls + (words[head + queryWord] ?? 0);
    for (let at = 0; at < length; at += 1) into[at] = bytes[start + at] ?? 0;
    into[0] = query[0] ?? 0;
    into[1] = query[1] ?? 0;
    // As it was spelled this time.
    for (let at = dnsHeaderBytes; at < nameEnd; at += 1) into[at] = query[at] ?? 0;
    if (ttls > 0) this.#age(slot, start, into, nowMs);
    return length;
  }

  /** Keeps a reply, where it is short enough. */
  note(ready: ReadyReply): void {
    const { query, reply, packed, asker } = ready;
    const { length } = packed.ttlOffsets;
    if (headBytes + 2 * length + query.length + reply.length > slotBytes) return;
    this.#open();
    const hash = this.#hashOf(query, asker.id);
    const first = hash >>> (32 - slotBits);
    // Two that meet in one slot have both room, and one of three goes.
    const isFree = this.#words[first * slotWords + epochWord] !== this.#epoch || this.#isOf(first, hash, query, asker);
    const slot = isFree ? first : first ^ 1;
    this.#places[slot] = ready.place;
    this.#askers[slot] = asker;
    this.#fill(slot, hash, ready);
  }

  /** Forgets all replies: what they hang on is another. */
  forget(): void {
    this.#epoch = (this.#epoch + 1) | 0;
    // After so many the numbers begin anew, and what was forgotten would be found.
    if (this.#epoch === 0) this.#words.fill(0);
    if (this.#epoch === 0) this.#epoch = 1;
  }

  /** Lets go of some of what is told no more. To be called now and then. */
  sweep(): void {
    const end = Math.min(this.#places.length, this.#swept + sweptAtOnce);
    for (let slot = this.#swept; slot < end; slot += 1) {
      const isTold = this.#words[slot * slotWords + epochWord] === this.#epoch && this.#places[slot]?.isKept === true;
      if (isTold) continue;
      this.#words[slot * slotWords + epochWord] = 0;
      this.#places[slot] = null;
      this.#askers[slot] = null;
    }
    this.#swept = end >= this.#places.length ? 0 : end;
  }

  #open(): void {
    if (this.#places.length > 0) return;
    const memory = new ArrayBuffer(slots * slotBytes);
    this.#bytes = new Uint8Array(memory);
    this.#shorts = new Uint16Array(memory);
    this.#words = new Int32Array(memory);
    this.#instants = new Float64Array(memory);
    this.#places = Array.from({ length: slots }, () => null);
    this.#askers = Array.from({ length: slots }, () => null);
  }

  // Four bytes at a time; letters of both cases give the same.
  #hashOf(query: Uint8Array, askerId: number): number {
    const factor = this.#factor;
    const whole = query.length - 3;
    let hash = this.#seed ^ askerId ^ ((query[2] ?? 0) << 24) ^ ((query[3] ?? 0) << 16);
    let at = dnsHeaderBytes;
    for (; at < whole; at += 4) {
      const word =
        (query[at] ?? 0) | ((query[at + 1] ?? 0) << 8) | ((query[at + 2] ?? 0) << 16) | ((query[at + 3] ?? 0) << 24);
      hash = Math.imul(hash ^ (word | 0x20202020), factor);
      hash ^= hash >>> 15;
    }
    for (; at < query.length; at += 1) hash = Math.imul(hash ^ ((query[at] ?? 0) | 0x20), factor);
    return Math.imul(hash ^ (hash >>> 13), factor);
  }

  #isOf(slot: number, hash: number, query: Uint8Array, asker: Asker): boolean {
    const words = this.#words;
    const head = slot * slotWords;
    const isLike =
      words[head] === hash && words[head + epochWord] === this.#epoch && words[head + queryWord] === query.length;
    return isLike && this.#askers[slot] === asker && this.#isSpelled(slot, query);
  }

  // Whatever is not the id is the same, but that letters of the name may be of either case.
  #isSpelled(slot: number, query: Uint8Array): boolean {
    const [words, bytes] = [this.#words, this.#bytes];
    const head = slot * slotWords;
    const start = slot * slotBytes + headBytes + 2 * (words[head + ttlsWord] ?? 0);
    for (let at = 2; at < query.length; at += 1) {
      const byte = query[at] ?? 0;
      if (byte === bytes[start + at]) continue;
      const isName = at >= dnsHeaderBytes && at < (words[head + nameEndWord] ?? 0);
      if (!isName || lowerCase(byte) !== bytes[start + at]) return false;
    }
    return true;
  }

  #isAtHand(slot: number, nowMs: number): boolean {
    const instants = this.#instants;
    const head = slot * (slotBytes / 8);
    const isTold = nowMs >= (instants[head + fromInstant] ?? 0) && nowMs < (instants[head + untilInstant] ?? 0);
    return isTold && this.#places[slot]?.isKept === true;
  }

  #age(slot: number, start: number, into: Uint8Array, nowMs: number): void {
    const bytes = this.#bytes;
    const head = slot * slotWords;
    const ageSeconds = secondsBetween(this.#instants[slot * (slotBytes / 8) + storedInstant] ?? 0, nowMs);
    const cap = this.#words[head + capWord] ?? 0;
    const first = (slot * slotBytes + headBytes) / 2;
    const end = first + (this.#words[head + ttlsWord] ?? 0);
    for (let index = first; index < end; index += 1) {
      const at = this.#shorts[index] ?? 0;
      const from = start + at;
      const kept =
        ((bytes[from] ?? 0) << 24) |
        ((bytes[from + 1] ?? 0) << 16) |
        ((bytes[from + 2] ?? 0) << 8) |
        (bytes[from + 3] ?? 0);
      const ttl = Math.max(0, Math.min(kept - ageSeconds, cap));
      into[at] = ttl >>> 24;
      into[at + 1] = ttl >>> 16;
      into[at + 2] = ttl >>> 8;
      into[at + 3] = ttl;
    }
  }

  #fill(slot: number, hash: number, ready: ReadyReply): void {
    const { query, nameEnd, reply, packed } = ready;
    const [words, bytes, instants] = [this.#words, this.#bytes, this.#instants];
    const ttls = packed.ttlOffsets.length;
    const head = slot * slotWords;
    const start = slot * slotBytes + headBytes + 2 * ttls;
    words[head + hashWord] = hash;
    words[head + epochWord] = this.#epoch;
    words[head + queryWord] = query.length;
    words[head + replyWord] = reply.length;
    words[head + nameEndWord] = nameEnd;
    words[head + ttlsWord] = ttls;
    words[head + capWord] = ready.ttlCapSeconds;
    instants[slot * (slotBytes / 8) + fromInstant] = ready.fromMs;
    instants[slot * (slotBytes / 8) + untilInstant] = ready.untilMs;
    instants[slot * (slotBytes / 8) + storedInstant] = ready.storedAtMs;
    this.#shorts.set(packed.ttlOffsets, (slot * slotBytes + headBytes) / 2);
    bytes.set(query, start);
    for (let at = dnsHeaderBytes; at < nameEnd; at += 1) bytes[start + at] = lowerCase(query[at] ?? 0);
    bytes.set(reply, start + query.length);
    for (const at of packed.ttlOffsets) bytes.set(packed.bytes.subarray(at, at + 4), start + query.length + at);
  }
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
