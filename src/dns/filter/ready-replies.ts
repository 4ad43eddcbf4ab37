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
// A reply may stand in any slot of a row: with a third of the table in use one in two hundred finds its row full.
const rowSlots = 8;
const rowMask = slots - rowSlots;
// Slots that were a power of two apart would meet in the same lines of the cache.
const slotBytes = 448;
const slotWords = slotBytes / 4;
const sweptAtOnce = slots / 8;

// What a slot has, in words, then instants, then the places of TTLs, the question and the reply behind each other.
const queryWord = 0;
const replyWord = 1;
const nameEndWord = 2;
const ttlsWord = 3;
const capWord = 4;
const fromInstant = 3;
const untilInstant = 4;
const storedInstant = 5;
const headBytes = 48;

const dnsHeaderBytes = 12;
/** Nothing stands ready. */
export const notReady = -1;

/**
 * Replies that were written lately, found by the bytes of the question, all in one piece of memory: with thousands of names each object that is
 * looked at is not in the processor's cache. What they hang on together (policy, grants, zones) is for the caller to compare; who asked is compared here,
 * by itself and not by a number, so that nothing that is told to one is found by another.
 *
 * In a row that is full whoever comes last takes the slot of another, so that what is held here is bounded. The hash hangs on a secret: whoever
 * finds names that meet in one row makes these go the longer way, and nothing else.
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
  /** The hash of what a slot holds, 0 for nothing: a row is looked through without its slots being touched. */
  #tags = new Int32Array(0);
  #taken = 0;
  #swept = 0;

  /** The slot of the reply to a query, `notReady` where there is none that may be told at an instant (epoch milliseconds). */
  find(query: Uint8Array, asker: Asker, nowMs: number): number {
    if (this.#places.length === 0 || query.length <= dnsHeaderBytes || query.length >= slotBytes) return notReady;
    const slot = this.#slotOf(this.#hashOf(query, asker.id), query, asker);
    return slot !== notReady && this.#isAtHand(slot, nowMs) ? slot : notReady;
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
    const tag = this.#hashOf(query, asker.id);
    const known = this.#slotOf(tag, query, asker);
    const slot = known === notReady ? this.#freeSlot(rowOf(tag)) : known;
    this.#tags[slot] = tag;
    this.#places[slot] = ready.place;
    this.#askers[slot] = asker;
    this.#fill(slot, ready);
  }

  /** Forgets all replies: what they hang on is another. */
  forget(): void {
    this.#tags.fill(0);
  }

  /** Lets go of some of what is told no more. To be called now and then. */
  sweep(): void {
    const end = Math.min(this.#places.length, this.#swept + sweptAtOnce);
    for (let slot = this.#swept; slot < end; slot += 1) {
      if (this.#tags[slot] !== 0 && this.#places[slot]?.isKept === true) continue;
      this.#tags[slot] = 0;
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
    this.#tags = new Int32Array(slots);
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
    hash = Math.imul(hash ^ (hash >>> 13), factor);
    return hash === 0 ? 1 : hash;
  }

  #slotOf(tag: number, query: Uint8Array, asker: Asker): number {
    const tags = this.#tags;
    const row = rowOf(tag);
    for (let slot = row; slot < row + rowSlots; slot += 1)
      if (tags[slot] === tag && this.#isOf(slot, query, asker)) return slot;
    return notReady;
  }

  #freeSlot(row: number): number {
    for (let slot = row; slot < row + rowSlots; slot += 1) if (this.#tags[slot] === 0) return slot;
    this.#taken = (this.#taken + 1) % rowSlots;
    return row + this.#taken;
  }

  #isOf(slot: number, query: Uint8Array, asker: Asker): boolean {
    const isLike = this.#askers[slot] === asker && this.#words[slot * slotWords + queryWord] === query.length;
    return isLike && this.#isSpelled(slot, query);
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

  #fill(slot: number, ready: ReadyReply): void {
    const { query, nameEnd, reply, packed } = ready;
    const [words, bytes, instants] = [this.#words, this.#bytes, this.#instants];
    const ttls = packed.ttlOffsets.length;
    const head = slot * slotWords;
    const start = slot * slotBytes + headBytes + 2 * ttls;
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

// By its upper bits, on which all of the question has worked.
function rowOf(tag: number): number {
  return (tag >>> (32 - slotBits)) & rowMask;
}
