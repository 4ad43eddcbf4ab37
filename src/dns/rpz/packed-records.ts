import { type DnsRecord, internetClass, lowerName } from '../../wire/index.ts';

/** Records one after another in bytes: length and text of the owner, type, TTL, length and bytes of the data. */
export interface PackedRecords {
  readonly bytes: Uint8Array;
  readonly count: number;
}

const firstBytes = 65_536;
const fixedBytes = 10;

/** Packs records, so that a zone on its way from a primary or to a file is no million objects. Owners become lower-case. */
export class RecordPacker {
  readonly #maxBytes: number;
  #bytes: Buffer = Buffer.alloc(firstBytes);
  #used = 0;
  #count = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Records so far. */
  get count(): number {
    return this.#count;
  }

  /** Adds a record; false when there is no room for it. */
  add(record: DnsRecord): boolean {
    const needed = fixedBytes + record.name.length + record.data.length;
    if (this.#used + needed > this.#maxBytes) return false;
    if (this.#used + needed > this.#bytes.length) this.#grow(this.#used + needed);
    const bytes = this.#bytes;
    let at = bytes.writeUInt16BE(record.name.length, this.#used);
    at += bytes.write(lowerName(record.name), at, 'latin1');
    at = bytes.writeUInt16BE(record.type, at);
    at = bytes.writeUInt32BE(record.ttl, at);
    at = bytes.writeUInt16BE(record.data.length, at);
    bytes.set(record.data, at);
    this.#used = at + record.data.length;
    this.#count += 1;
    return true;
  }

  /** What was packed; it shares memory with the packer, to which nothing may be added any more. */
  finish(): PackedRecords {
    return { bytes: this.#bytes.subarray(0, this.#used), count: this.#count };
  }

  #grow(needed: number): void {
    const larger = Buffer.alloc(Math.min(this.#maxBytes, Math.max(needed, this.#bytes.length * 2)));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}

/** The records of packed bytes, one at a time; their data shares memory with them. Ends early where bytes are missing. */
export function* unpackRecords(packed: PackedRecords): Generator<DnsRecord, void> {
  const { buffer, byteOffset, length } = packed.bytes;
  const bytes = Buffer.from(buffer, byteOffset, length);
  let at = 0;
  while (at + fixedBytes <= length) {
    const nameEnd = at + 2 + bytes.readUInt16BE(at);
    if (nameEnd + fixedBytes - 2 > length) return;
    const dataStart = nameEnd + fixedBytes - 2;
    const dataEnd = dataStart + bytes.readUInt16BE(nameEnd + 6);
    if (dataEnd > length) return;
    yield {
      name: bytes.toString('latin1', at + 2, nameEnd),
      type: bytes.readUInt16BE(nameEnd),
      class: internetClass,
      ttl: bytes.readUInt32BE(nameEnd + 2),
      data: packed.bytes.subarray(dataStart, dataEnd),
    };
    at = dataEnd;
  }
}

/** What makes two records the same whatever their TTL: owner, type and data. */
export function recordKey(record: DnsRecord): string {
  return `${lowerName(record.name)} ${record.type} ${Buffer.from(record.data).toString('latin1')}`;
}
