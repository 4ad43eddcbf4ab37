import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryChange } from './entry-changes.ts';
import type { ToldEntry } from './kernel-plan.ts';
import { messagesOf, readAnswers, writeBatch } from './netlink-batch.ts';

const entry: ToldEntry = {
  serviceId: 257,
  family: 4,
  address: '203.0.113.7',
  protocol: 'tcp',
  ports: { from: 5432, to: 5432 },
  verdict: 'allow',
};

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
}

function messagesIn(bytes: Uint8Array): readonly Message[] {
  const all = Buffer.from(bytes);
  const messages: Message[] = [];
  for (let at = 0; at < all.length; ) {
    const length = all.readUInt32LE(at);
    const [type, flags, sequence] = [all.readUInt16LE(at + 4), all.readUInt16LE(at + 6), all.readUInt32LE(at + 8)];
    messages.push({ type, flags, sequence, body: all.subarray(at + 16, at + length) });
    at += length;
  }
  return messages;
}

// As `nft --debug=mnl` of 1.0.6 shows it, but for the order of attributes, for `add element inet exeat told4 { 257 . 203.0.113.7 . tcp . 5432 timeout 60s }`.
test('a change is written as nft writes it', () => {
  const [begin, add, end] = messagesIn(
    writeBatch([{ does: 'add', set: 'told4', entries: [{ ...entry, seconds: 60 }] }], 7).bytes,
  );
  assert.deepEqual([begin?.type, begin?.sequence, begin?.body.toString('hex')], [16, 7, '0000000a']);
  assert.deepEqual([add?.type, add?.sequence, add?.flags], [0xa0c, 8, 1 | 4]);
  assert.equal(
    add?.body.toString('hex'),
    [
      '01000000',
      '0a000100657865617400',
      '0000',
      '0a000200746f6c643400',
      '0000',
      '2c000380',
      '28000180',
      '18000180',
      '14000100',
      '01010000',
      'cb007107',
      '06000000',
      '15380000',
      '0c000400',
      '000000000000ea60',
    ].join(''),
  );
  assert.deepEqual([end?.type, end?.sequence], [17, 9]);
});

test('a run of ports has both ends, its service in the bytes of the network', () => {
  const run = { ...entry, ports: { from: 1, to: 9 } };
  const [, message] = messagesIn(writeBatch([{ does: 'delete', set: 'toldrange4', entries: [run] }], 1).bytes);
  const hex = message?.body.toString('hex') ?? '';
  assert.ok(hex.includes(`18000180${'14000100'}${'00000101'}cb0071070600000000010000`), hex);
  assert.ok(hex.includes(`18000a80${'14000100'}${'00000101'}cb0071070600000000090000`), hex);
});

test('an IPv6 address is written whole', () => {
  const six = { ...entry, family: 6, address: '2001:db8::7', protocol: 'udp' } as const;
  const [, message] = messagesIn(writeBatch([{ does: 'delete', set: 'told6', entries: [six] }], 1).bytes);
  assert.ok(message?.body.toString('hex').includes('0101000020010db800000000000000000000000711000000'));
});

test('many elements are parted, so that each attribute fits; only the last part asks for an answer', () => {
  const many = Array.from({ length: 1_100 }, (_, at) => ({
    ...entry,
    ports: { from: at + 1, to: at + 1 },
    seconds: 1,
  }));
  const changes: EntryChange[] = [
    { does: 'add', set: 'told4', entries: many },
    { does: 'delete', set: 'told4', entries: many },
  ];
  const { bytes, first, last } = writeBatch(changes, 100);
  const messages = messagesIn(bytes);
  assert.equal(messages.length, messagesOf(changes));
  assert.deepEqual([first, last], [100, 106]);
  assert.deepEqual(
    messages.filter(({ flags }) => (flags & 4) !== 0).map(({ sequence }) => sequence),
    [106],
  );
  assert.deepEqual(
    messages.map(({ sequence }) => sequence),
    [100, 101, 102, 103, 104, 105, 106, 107],
  );
});

test('answers are read out of a datagram, and what is cut off or something else is none', () => {
  const answer = (sequence: number, errno: number): Buffer => {
    const bytes = Buffer.alloc(36);
    bytes.writeUInt32LE(36, 0);
    bytes.writeUInt16LE(2, 4);
    bytes.writeUInt32LE(sequence, 8);
    bytes.writeInt32LE(-errno, 16);
    return bytes;
  };
  const other = answer(5, 0);
  other.writeUInt16LE(3, 4);
  const datagram = Buffer.concat([answer(8, 2), other, answer(9, 0), answer(10, 0).subarray(0, 20)]);
  assert.deepEqual(readAnswers(datagram), [
    { sequence: 8, errno: 2 },
    { sequence: 9, errno: 0 },
  ]);
  assert.deepEqual(readAnswers(Buffer.alloc(40)), []);
});
