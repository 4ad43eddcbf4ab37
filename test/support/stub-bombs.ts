import type { BombShape } from './stub-behaviour.ts';

const headerBytes = 12;
const addressType = 1;
const aliasType = 5;
const textType = 16;

/** The question that a bomb answers, with the spelling that it repeats. */
export interface BombQuestion {
  readonly id: number;
  readonly spelling: string;
  readonly type: number;
}

/** Spells a hostile response by hand, since no writer of messages would; at most `mostBytes` long. */
export function spellBomb(shape: BombShape, question: BombQuestion, mostBytes: number): Buffer {
  const start = headerBytes + spellName(question.spelling).length + 4;
  if (shape === 'counts') return withHeader(question, 65_535, []);
  // RFC 1035 section 4.1.4: a pointer may only lead to an earlier place; these do not.
  if (shape === 'self') return withHeader(question, 1, [record(pointer(start), addressType, Buffer.alloc(4))]);
  if (shape === 'forward') return withHeader(question, 1, [record(pointer(0x3f00), addressType, Buffer.alloc(4))]);
  return shape === 'ladder' ? ladder(question, start) : wide(question, start, mostBytes);
}

function ladder(question: BombQuestion, start: number): Buffer {
  const rungs = 200;
  // The data starts after pointer, type, class, TTL and length: 12 bytes into the record.
  const data = Buffer.concat(
    Array.from({ length: rungs }, (_, at) => pointer(at === 0 ? headerBytes : start + 12 + (at - 1) * 2)),
  );
  const last = start + 12 + (rungs - 1) * 2;
  const records = [record(pointer(headerBytes), textType, data), record(pointer(last), addressType, Buffer.alloc(4))];
  return withHeader(question, records.length, records);
}

function wide(question: BombQuestion, start: number, mostBytes: number): Buffer {
  const long = spellName(`${Array.from({ length: 4 }, () => 'x'.repeat(59)).join('.')}.example`);
  const first = record(pointer(headerBytes), aliasType, long);
  const next = record(pointer(start + 12), aliasType, pointer(start + 12));
  const count = Math.max(0, Math.floor((mostBytes - start - first.length) / next.length));
  return withHeader(question, count + 1, [first, ...Array.from({ length: count }, () => next)]);
}

function withHeader({ id, spelling, type }: BombQuestion, count: number, records: readonly Buffer[]): Buffer {
  // QR, AA, RD and RA; one question.
  const header = Buffer.from(words(id, 0x8580, 1, count, 0, 0));
  return Buffer.concat([header, spellName(spelling), words(type, 1), ...records]);
}

function record(name: Buffer, type: number, data: Buffer): Buffer {
  return Buffer.concat([name, words(type, 1, 0, 300, data.length), data]);
}

function pointer(offset: number): Buffer {
  return words(0xc000 | offset);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => {
    bytes.writeUInt16BE(value, at * 2);
  });
  return bytes;
}

/** A name as the wire has it, without pointers: `a.example` is 1 a 7 example 0. */
export function spellName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.alloc(1),
  ]);
}
