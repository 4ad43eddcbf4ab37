import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EdgeCount } from './kernel-plan.ts';
import {
  dropCounts,
  eachCount,
  edgeOfKey,
  elementParts,
  fixedParts,
  namedThings,
  shapeKinds,
  writeDump,
} from './netlink-dump.ts';
import {
  type NetlinkMessage,
  nested,
  nftTypes,
  readAttributes,
  readErrno,
  readMessages,
  writeAttribute,
  writeMessage,
  writeName,
} from './netlink-messages.ts';

const own = [1, 0, 0, 0];

function edgeCounts(family: 4 | 6, messages: readonly NetlinkMessage[]): readonly EdgeCount[] {
  const edges: EdgeCount[] = [];
  for (const { body } of messages)
    eachCount(body, (key, packets, bytes) => edges.push(...edgeOfKey(family, key, { packets, bytes })));
  return edges;
}

function messagesOf(...bodies: readonly Buffer[]): readonly NetlinkMessage[] {
  return readMessages(
    Buffer.concat(
      bodies.map((body, at) => writeMessage({ type: nftTypes.getSet, flags: 2, sequence: at + 1, own }, body)),
    ),
  );
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function number64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function counted(key: string, packets: number, bytes: number): Buffer {
  const counter = Buffer.concat([writeAttribute(1, number64(bytes)), writeAttribute(2, number64(packets))]);
  return writeAttribute(
    1 | nested,
    Buffer.concat([
      writeAttribute(1 | nested, writeAttribute(1, Buffer.from(key, 'hex'))),
      writeAttribute(7 | nested, Buffer.concat([writeName(1, 'counter'), writeAttribute(2 | nested, counter)])),
    ]),
  );
}

test('a question names our table, and the set whose elements are wanted', () => {
  const [message] = readMessages(writeDump('elements', 'up4', 7));
  assert.deepEqual([message?.type, message?.flags, message?.sequence], [nftTypes.getElement, 0x301, 7]);
  const attributes = readAttributes(message?.body ?? Buffer.alloc(0));
  assert.deepEqual(
    [...attributes].map(([type, value]) => [type, value.toString()]),
    [
      [1, 'exeat\0'],
      [2, 'up4\0'],
    ],
  );
});

test('counted edges are read with and without ports', () => {
  const elements = Buffer.concat([
    counted('010100000a090002cb0071070600000001bb0000', 3, 180),
    counted('010100000a090002cb0071072f000000', 2, 99),
  ]);
  const edge = { serviceId: 257, family: 4, source: '10.9.0.2', address: '203.0.113.7' } as const;
  assert.deepEqual(edgeCounts(4, messagesOf(Buffer.concat([writeName(1), writeAttribute(3 | nested, elements)]))), [
    { ...edge, protocol: 6, port: 443, packets: 3, bytes: 180 },
    { ...edge, protocol: 47, port: null, packets: 2, bytes: 99 },
  ]);
  const six = counted(`01010000${'20010db8000000000000000000000001'.repeat(2)}110000000035${'0000'}`, 1, 60);
  assert.deepEqual(
    edgeCounts(6, messagesOf(Buffer.concat([writeName(1), writeAttribute(3 | nested, six)]))).map((one) => [
      ...[one.source, one.address, one.protocol, one.port],
    ]),
    [['2001:db8::1', '2001:db8::1', 17, 53]],
  );
});

test('packets that were dropped are those of our own counters, and none where there are none', () => {
  const counter = (table: string, name: string, packets: number): Buffer =>
    Buffer.concat([
      ...[writeName(1, table), writeName(2, name), writeAttribute(3, number32(1))],
      writeAttribute(4 | nested, Buffer.concat([1, 2].map((type) => writeAttribute(type, number64(packets * type))))),
    ]);
  const messages = messagesOf(
    ...[counter('exeat', 'spoofed', 2), counter('other', 'spoofed', 9), counter('exeat', 'inbound', 3)],
  );
  assert.deepEqual(dropCounts(messages), { spoofed: 4, invalid: 0, inbound: 6 });
  assert.deepEqual(dropCounts([]), { spoofed: 0, invalid: 0, inbound: 0 });
});

test('things of other tables and anonymous sets are nobody’s', () => {
  const set = (table: string, name: string, flags: number): Buffer =>
    Buffer.concat([writeName(1, table), writeName(2, name), writeAttribute(3, number32(flags))]);
  const messages = messagesOf(
    set('exeat', 'told4', 0x10),
    set('exeat', 'who4', 0xc),
    set('exeat', '__set0', 3),
    set('other', 'x', 0),
  );
  assert.deepEqual(namedThings('set', messages), [
    { kind: 'set', name: 'told4' },
    { kind: 'map', name: 'who4' },
  ]);
});

test('what moves is no part of the shape, and what is fixed is', () => {
  const chain = (uses: number, policy: number): Buffer =>
    Buffer.concat([
      writeName(1),
      writeName(3, 'c'),
      writeAttribute(5, number32(policy)),
      writeAttribute(6, number32(uses)),
    ]);
  const shape = (body: Buffer): string => Buffer.concat(fixedParts('chain', messagesOf(body))).toString('hex');
  assert.equal(shape(chain(1, 0)), shape(chain(2, 0)));
  assert.notEqual(shape(chain(1, 0)), shape(chain(1, 1)));
});

test('elements of a set without order compare alike in any order', () => {
  const one = (key: string): Buffer => counted(key, 0, 0);
  const list = (...elements: readonly Buffer[]): readonly string[] =>
    elementParts(messagesOf(Buffer.concat([writeName(1), writeAttribute(3 | nested, Buffer.concat(elements))])));
  assert.deepEqual(list(one('0a090002'), one('0a090003')), list(one('0a090003'), one('0a090002')));
  assert.notDeepEqual(list(one('0a090002')), list(one('0a090003')));
});

test('bytes that are no messages throw nowhere', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 120 }), (bytes, body) => {
      for (const messages of [readMessages(Buffer.from(bytes)), messagesOf(Buffer.from(body))]) {
        for (const message of messages) readErrno(message);
        for (const kind of shapeKinds) fixedParts(kind, messages);
        for (const kind of ['chain', 'set', 'object', 'flowtable'] as const) namedThings(kind, messages);
        elementParts(messages);
        edgeCounts(4, messages);
        edgeCounts(6, messages);
        dropCounts(messages);
      }
    }),
  );
});
