import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { anyMessage, dnsBytes, dnsHeader, mutatedBytes, nameBytes } from '../../../test/support/dns-messages.ts';
import { bareMessage } from './bare-message.ts';
import { type DnsMessage, dnsTypes } from './message.ts';
import { readName } from './names.ts';
import { readMessage } from './read-message.ts';
import { writeMessage } from './write-message.ts';

const opt = [0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0];
const question = dnsBytes('a.example', 0, 1, 0, 1);
// The name of the question, type and class, TTL 5.
const owned = (type: number): readonly number[] => [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 5];

function messageOf(bytes: Uint8Array): DnsMessage {
  const read = readMessage(bytes);
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
}

test('messages that break the grammar are faults', () => {
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', dnsBytes()],
    ['half a header', dnsBytes([0, 1, 0, 0, 0, 0])],
    ['two questions', dnsBytes(dnsHeader(0, [2, 0, 0, 0]), question, question)],
    ['a question that is missing', dnsBytes(dnsHeader(0, [1, 0, 0, 0]))],
    ['a record that is missing', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question)],
    ['a byte after the end', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), question, 0)],
    ['a name that loops', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), 0xc0, 12, 0, 1, 0, 1)],
    ['a name that points forward', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), 0xc0, 18, 0, 1, 0, 1, 0)],
    ['two OPTs', dnsBytes(dnsHeader(0, [0, 0, 0, 2]), opt, opt)],
    ['OPT among the answers', dnsBytes(dnsHeader(0, [0, 1, 0, 0]), opt)],
    ['OPT among the authorities', dnsBytes(dnsHeader(0, [0, 0, 1, 0]), opt)],
    ['OPT of a name', dnsBytes(dnsHeader(0, [0, 0, 0, 1]), 'a', opt.slice(1))],
    ['an option past the end of OPT', dnsBytes(dnsHeader(0, [0, 0, 0, 1]), opt.slice(0, 10), 5, 0, 10, 0, 8, 0)],
    ['an option past the end of the message', dnsBytes(dnsHeader(0, [0, 0, 0, 1]), opt.slice(0, 10), 4, 0, 10, 0, 8)],
    ['half of an option', dnsBytes(dnsHeader(0, [0, 0, 0, 1]), opt.slice(0, 10), 2, 0, 10)],
    ['data past the end', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(16), 0, 5, 1)],
    ['an A of three bytes', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(1), 0, 3, 1, 2, 3)],
    ['an AAAA of four bytes', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(28), 0, 4, 1, 2, 3, 4)],
    ['a CNAME longer than its name', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(5), 0, 3, 0xc0, 12, 0)],
    ['a CNAME shorter than its name', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(5), 0, 1, 0xc0, 12)],
    ['a CNAME to itself', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(5), 0, 2, 0xc0, 39)],
    ['an MX without a name', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(15), 0, 2, 0, 10)],
    ['a SOA without numbers', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(6), 0, 2, 0, 0)],
  ];
  for (const [what, bytes] of rows) {
    const read = readMessage(bytes);
    assert.equal(read.ok ? 'read' : read.fault.code, 'dns_malformed', what);
  }
});

test('messages that are too much are faults', () => {
  const many = (count: number, record: readonly number[]): Uint8Array =>
    dnsBytes(dnsHeader(0, [1, count, 0, 0]), nameBytes(longName), 0, 1, 0, 1, ...new Array(count).fill(record));
  const longName = ['x', 'y', 'z'].map((letter) => letter.repeat(63)).join('.');
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ['more than 65,535 bytes', new Uint8Array(65_536)],
    ['4,097 records', many(4097, [0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0])],
    ['a bomb of owners and names', many(3000, [...owned(5), 0, 2, 0xc0, 12])],
  ];
  for (const [what, bytes] of rows) {
    const read = readMessage(bytes);
    assert.equal(read.ok ? 'read' : read.fault.code, 'dns_too_large', what);
  }
  assert.equal(messageOf(many(2000, [...owned(5), 0, 2, 0xc0, 12])).answers.length, 2000);
  assert.equal(messageOf(many(4096, [0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0])).answers.length, 4096);
});

test('pointers to pointers cost bounded time', () => {
  // Each name of 2,000 is a pointer to the one before.
  const names = Array.from({ length: 2000 }, (_, index) => {
    const target = index === 0 ? 12 : 12 + 5 + 12 * (index - 1);
    return [0xc0 + (target >> 8), target & 0xff, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0];
  });
  const read = readMessage(dnsBytes(dnsHeader(0, [1, 2000, 0, 0]), 0, 0, 1, 0, 1, ...names));
  assert.equal(read.ok ? 'read' : read.fault.code, 'dns_malformed');
});

test('every cut of a message is a fault', () => {
  const bytes = writeMessage(fullMessage);
  assert.deepEqual(messageOf(bytes), fullMessage);
  for (let length = 0; length < bytes.length; length++) {
    const read = readMessage(bytes.subarray(0, length));
    assert.equal(read.ok ? 'read' : read.fault.code, 'dns_malformed', `${length} bytes`);
  }
});

test('a TTL with the top bit set is zero', () => {
  const record = (ttl: readonly number[]) => [0, 0, 16, 0, 1, ...ttl, 0, 0];
  const ttlOf = (ttl: readonly number[]) =>
    messageOf(dnsBytes(dnsHeader(0, [0, 1, 0, 0]), record(ttl))).answers[0]?.ttl;
  assert.equal(ttlOf([0x80, 0, 0, 1]), 0);
  assert.equal(ttlOf([0xff, 0xff, 0xff, 0xff]), 0);
  assert.equal(ttlOf([0x7f, 0xff, 0xff, 0xff]), 0x7fff_ffff);
});

test('what was read shares no memory with the message', () => {
  const bytes = Buffer.from(dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question, owned(1), 0, 4, 192, 0, 2, 1));
  const read = messageOf(bytes);
  bytes.fill(0xff);
  assert.deepEqual(read.answers[0]?.data, Uint8Array.of(192, 0, 2, 1));
});

const fullMessage: DnsMessage = {
  ...bareMessage('www.example.com', dnsTypes.a),
  id: 7,
  answers: [
    { name: 'www.example.com', type: dnsTypes.cname, class: 1, ttl: 60, data: nameBytes('a.cdn.example') },
    { name: 'a.cdn.example', type: dnsTypes.a, class: 1, ttl: 30, data: Uint8Array.of(192, 0, 2, 1) },
    { name: 'example.com', type: dnsTypes.mx, class: 1, ttl: 30, data: dnsBytes(0, 5, 'mx.example.com') },
  ],
  authorities: [
    {
      name: 'example',
      type: dnsTypes.soa,
      class: 1,
      ttl: 9,
      data: dnsBytes('ns.example', 'who.example', Array(20).fill(1)),
    },
  ],
  additionals: [],
  edns: { payloadBytes: 1232, version: 0, isDnssecOk: true, options: [{ code: 10, data: Uint8Array.of(1, 2, 3) }] },
};

test('messages come back as they were written', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      assert.deepEqual(messageOf(writeMessage(message)), message);
    }),
    { numRuns: 500 },
  );
});

test('random bytes and broken messages never throw, and what is read can be written', () => {
  const near = mutatedBytes(anyMessage.map((message) => writeMessage(message)));
  const headed = fc.uint8Array({ maxLength: 200 }).map((bytes) => dnsBytes(dnsHeader(0x8180, [1, 1, 1, 1]), bytes));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), headed, near), (bytes) => {
      const read = readMessage(bytes);
      if (read.ok) assert.deepEqual(readMessage(writeMessage(read.value)), read);
    }),
    { numRuns: 2000 },
  );
});

// dns-packet writes the text of a label as UTF-8 and knows no escapes, so names are plain here.
const plainName = fc
  .array(fc.string({ unit: fc.constantFrom(...'abXY09-'), minLength: 1, maxLength: 10 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((labels) => labels.join('.'));
const shape = { name: plainName, ttl: fc.nat(0x7fff_ffff) };
const foreignRecord: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ ...shape, type: fc.constant('A' as const), data: fc.ipV4() }),
  fc.record({ ...shape, type: fc.constant('CNAME' as const), data: plainName }),
  fc.record({ ...shape, type: fc.constant('NS' as const), data: plainName }),
  fc.record({
    ...shape,
    type: fc.constant('SRV' as const),
    data: fc.record({ port: fc.nat(0xffff), target: plainName, priority: fc.nat(9), weight: fc.nat(9) }),
  }),
);

test('messages that dns-packet writes are read with the same names, types, TTLs and data', () => {
  const numbers: Readonly<Record<string, number>> = { A: 1, CNAME: 5, NS: 2, SRV: 33 };
  fc.assert(
    fc.property(plainName, fc.array(foreignRecord, { maxLength: 8 }), (name, answers) => {
      const packet: Packet = { type: 'response', id: 9, questions: [{ name, type: 'A', class: 'IN' }], answers };
      const read = messageOf(encode(packet));
      assert.deepEqual(read.question, { name, type: 1, class: 1 });
      assert.deepEqual(
        read.answers.map((record) => [record.name, record.type, record.ttl, textOf(record)]),
        answers.map((answer) => [
          'name' in answer && answer.name,
          numbers[answer.type],
          ttlOf(answer),
          foreignText(answer),
        ]),
      );
    }),
  );
});

function ttlOf(answer: Answer): unknown {
  return 'ttl' in answer ? answer.ttl : null;
}

function foreignText(answer: Answer): string {
  return answer.type === 'SRV'
    ? `${answer.data.port} ${answer.data.target}`
    : String((answer as { data: unknown }).data);
}

function textOf({ type, data }: DnsMessage['answers'][number]): string {
  if (type === dnsTypes.a) return data.join('.');
  if (type !== dnsTypes.srv) return readName(data, 0)?.text ?? '?';
  return `${(data[4] ?? 0) * 256 + (data[5] ?? 0)} ${readName(data, 6)?.text ?? '?'}`;
}
