import { type DnsRecord, dnsTypes } from './message.ts';
import { lowerName, readPlainName, writeLabel, writeName } from './names.ts';
import { isCompressible } from './rdata-names.ts';

/** A pointer has 14 bits. */
const maxPointerTarget = 0x3fff;

/**
 * Puts a message together in memory that is large enough for all of it. Names are compressed against those that stand before;
 * `ignoresCase` lets a name take the spelling of an earlier one.
 *
 * @internal
 */
export class MessageWriter {
  readonly bytes: Uint8Array;
  at = 0;
  readonly #ignoresCase: boolean;
  readonly #suffixes = new Map<string, number>();

  constructor(capacityBytes: number, ignoresCase: boolean) {
    this.bytes = new Uint8Array(capacityBytes);
    this.#ignoresCase = ignoresCase;
  }

  number8(value: number): void {
    this.bytes[this.at++] = value;
  }

  number16(value: number): void {
    this.number8(value >> 8);
    this.number8(value);
  }

  number32(value: number): void {
    this.number16(value >>> 16);
    this.number16(value);
  }

  data(data: Uint8Array): void {
    this.bytes.set(data, this.at);
    this.at += data.length;
  }

  /** A name, compressed. */
  name(text: string): void {
    if (!isWritable(text)) throw new TypeError('a `name` of the message cannot be written');
    for (let start = 0; start < text.length; ) {
      const suffix = this.#ignoresCase ? lowerName(text.slice(start)) : text.slice(start);
      const known = this.#suffixes.get(suffix);
      if (known !== undefined) {
        this.number16(0xc000 + known);
        return;
      }
      if (this.at <= maxPointerTarget) this.#suffixes.set(suffix, this.at);
      start = writeLabel(text, start, this.bytes, this.at);
      this.at += 1 + (this.bytes[this.at] ?? 0);
    }
    this.number8(0);
  }

  /** A record; where its TTL stands. */
  record(record: DnsRecord): number {
    this.name(record.name);
    this.number16(record.type);
    this.number16(record.class);
    const ttlAt = this.at;
    this.number32(record.ttl);
    const lengthAt = this.at;
    this.number16(0);
    if (!isCompressible(record.type) || !this.#compressedData(record)) this.data(record.data);
    const length = this.at - lengthAt - 2;
    if (length > 0xffff) throw new TypeError('the `data` of a record have more than 65,535 bytes');
    this.bytes[lengthAt] = length >> 8;
    this.bytes[lengthAt + 1] = length;
    return ttlAt;
  }

  // Whether it was written. Data that are not what their type says go out as they are.
  #compressedData({ type, data }: DnsRecord): boolean {
    const start = type === dnsTypes.mx ? 2 : 0;
    const first = readPlainName(data, start);
    const second = type === dnsTypes.soa && first !== null ? readPlainName(data, first.end) : null;
    const last = type === dnsTypes.soa ? second : first;
    if (first === null || last === null) return false;
    this.data(data.subarray(0, start));
    this.name(first.text);
    if (second !== null) this.name(second.text);
    this.data(data.subarray(last.end));
    return true;
  }
}

/**
 * Bytes that a record needs at most: text is never shorter than the name on the wire without its ends.
 *
 * @internal
 */
export function mostRecordBytes(record: DnsRecord): number {
  return record.name.length + 2 + 10 + record.data.length;
}

// The quick look spares most names a second writing.
function isWritable(text: string): boolean {
  if (text.length <= 253 && /^(?:[a-zA-Z0-9_-]{1,63}\.)*[a-zA-Z0-9_-]{1,63}$/.test(text)) return true;
  return text !== '.' && writeName(text) !== null;
}
