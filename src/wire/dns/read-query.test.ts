import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DNSSEC_OK, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import fc from 'fast-check';
import {
  anyMessage,
  anyName,
  dnsBytes,
  dnsHeader,
  mutatedBytes,
  nameBytes,
} from '../../../test/support/dns-messages.ts';
import { type DnsMessage, dnsTypes } from './message.ts';
import { lowerName } from './names.ts';
import { readMessage } from './read-message.ts';
import { type QueryProblem, QueryView, readQuery } from './read-query.ts';
import { writeMessage } from './write-message.ts';

const question = dnsBytes('a.example', 0, 1, 0, 1);
const optOf = (...options: readonly number[]): readonly number[] => [
  ...[0, 0, 41, 16, 0, 0, 0, 0x80, 0, options.length >> 8, options.length & 0xff],
  ...options,
];

function ask(bytes: Uint8Array): { problem: QueryProblem | null; view: QueryView } {
  const view = new QueryView();
  return { problem: readQuery(bytes, bytes.length, view), view };
}

test('a query is read in place', () => {
  const packet = encode({
    type: 'query',
    id: 0xbeef,
    flags: RECURSION_DESIRED,
    questions: [{ name: 'WwW.Example.COM', type: 'AAAA', class: 'IN' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, flags: DNSSEC_OK, options: [] } as never],
  } satisfies Packet);
  const { problem, view } = ask(packet);
  assert.equal(problem, null);
  assert.deepEqual(
    { ...view },
    {
      id: 0xbeef,
      opcode: 0,
      recursionDesired: true,
      authenticData: false,
      checkingDisabled: false,
      name: 'www.example.com',
      nameHash: ask(encode({ type: 'query', questions: [{ name: 'wWw.example.com', type: 'A' }] })).view.nameHash,
      nameEnd: 29,
      questionEnd: 33,
      type: 28,
      class: 1,
      isHostName: true,
      hasEdns: true,
      payloadBytes: 4096,
      ednsVersion: 0,
      isDnssecOk: true,
      hasCookie: false,
      cookieAt: 0,
      cookieBytes: 0,
      hasClientSubnet: false,
      hasOtherOptions: false,
    },
  );
});

test('nothing of the query before stays in a view', () => {
  const view = new QueryView();
  const first = dnsBytes(
    dnsHeader(0x0130, [1, 0, 0, 1]),
    question,
    optOf(0, 8, 0, 0, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8),
  );
  assert.equal(readQuery(first, first.length, view), null);
  assert.deepEqual(
    [view.hasClientSubnet, view.hasCookie, view.authenticData, view.checkingDisabled],
    Array(4).fill(true),
  );
  const second = dnsBytes(dnsHeader(0x2800, [0, 0, 0, 0]));
  assert.equal(readQuery(second, second.length, view), 'not_imp');
  assert.deepEqual({ ...view }, { ...new QueryView(), id: 0x1234, opcode: 5 });
});

test('only so many bytes are read as are the message', () => {
  const bytes = dnsBytes(dnsHeader(0, [1, 0, 0, 0]), question);
  const memory = dnsBytes(bytes, Array(500).fill(0xff));
  const view = new QueryView();
  assert.equal(readQuery(memory, bytes.length, view), null);
  assert.equal(readQuery(bytes, bytes.length + 1, view), 'drop');
});

test('each thing that is not a query has its answer', () => {
  const asking = (type: number, recordClass = 1) =>
    dnsBytes(dnsHeader(0, [1, 0, 0, 0]), 'a.example', type >> 8, type & 0xff, 0, recordClass);
  const rows: readonly (readonly [QueryProblem | null, string, Uint8Array])[] = [
    ['drop', 'nothing', dnsBytes()],
    ['drop', 'eleven bytes', new Uint8Array(11)],
    ['drop', 'a response', dnsBytes(dnsHeader(0x8180, [1, 0, 0, 0]), question)],
    ['not_imp', 'an inverse query', dnsBytes(dnsHeader(0x0800, [1, 0, 0, 0]), question)],
    ['not_imp', 'status', dnsBytes(dnsHeader(0x1000, [0, 0, 0, 0]))],
    ['not_imp', 'notify', dnsBytes(dnsHeader(0x2000, [1, 0, 0, 0]), question)],
    ['not_imp', 'an update', dnsBytes(dnsHeader(0x2800, [1, 0, 0, 0]), question)],
    ['form_err', 'no question', dnsBytes(dnsHeader(0, [0, 0, 0, 0]))],
    ['form_err', 'two questions', dnsBytes(dnsHeader(0, [2, 0, 0, 0]), question, question)],
    ['form_err', 'an answer', dnsBytes(dnsHeader(0, [1, 1, 0, 0]), question)],
    ['form_err', 'an authority', dnsBytes(dnsHeader(0, [1, 0, 1, 0]), question)],
    ['form_err', 'a byte after the end', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), question, 0)],
    ['form_err', 'a pointer in the name', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), 1, 0x61, 0xc0, 12, 0, 1, 0, 1)],
    ['form_err', 'a reserved label', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), 0x41, 0x61, 0, 0, 1, 0, 1)],
    ['form_err', 'a name of 256 bytes', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), overlong, 0, 1, 0, 1)],
    ['form_err', 'two OPTs', dnsBytes(dnsHeader(0, [1, 0, 0, 2]), question, optOf(), optOf())],
    ['form_err', 'OPT of a name', dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, 'a', optOf().slice(1))],
    ['form_err', 'half of an option', dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, optOf(0, 10, 0))],
    ['form_err', 'an option past the end', dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, optOf(0, 12, 0, 9, 1))],
    [
      'form_err',
      'a cookie of seven bytes',
      dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, optOf(0, 10, 0, 7, ...Array(7).fill(1))),
    ],
    [
      'form_err',
      'too many additionals',
      dnsBytes(dnsHeader(0, [1, 0, 0, 9]), question, ...Array(9).fill([0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0])),
    ],
    ['form_err', 'an additional that is missing', dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question)],
    ['bad_vers', 'EDNS 1', dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, [0, 0, 41, 16, 0, 0, 1, 0, 0, 0, 0])],
    ['refused', 'chaos', asking(16, 3)],
    ['refused', 'any class', asking(1, 255)],
    ['refused', 'AXFR', asking(dnsTypes.axfr)],
    ['refused', 'IXFR', asking(dnsTypes.ixfr)],
    ['refused', 'IXFR with its SOA', dnsBytes(dnsHeader(0, [1, 0, 1, 0]), 'a.example', 0, 251, 0, 1, 0xc0, 12, 0, 6)],
    ['refused', 'MAILB', asking(253)],
    ['refused', 'TKEY', asking(249)],
    ['refused', 'OPT', asking(41)],
    ['refused', 'type 0', asking(0)],
    ['any', 'ANY', asking(dnsTypes.any)],
    [null, 'an unknown type', asking(65_280)],
    [
      null,
      'a signature behind',
      dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, 'key', [0, 250, 0, 255, 0, 0, 0, 0, 0, 1, 9]),
    ],
    [null, 'the root', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), 0, 0, 2, 0, 1)],
  ];
  for (const [expected, what, bytes] of rows) assert.equal(ask(bytes).problem, expected, what);
});

const long = 'x'.repeat(63);
const overlong = dnsBytes(...Array(3).fill([63, ...Buffer.from(long)]), 62, Buffer.from('y'.repeat(62)), 0);

test('every cut of a query is malformed or dropped', () => {
  const bytes = dnsBytes(dnsHeader(0x0100, [1, 0, 0, 1]), question, optOf(0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8));
  assert.equal(ask(bytes).problem, null);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(ask(bytes.slice(0, length)).problem, length < 12 ? 'drop' : 'form_err', `${length} bytes`);
  }
});

test('host names are told from others', () => {
  const rows = [
    [true, 'www.example.com'],
    [true, '_dns.resolver.arpa'],
    [true, '1.2.0.192.in-addr.arpa'],
    [true, '192.0.2.1x'],
    [true, 'xn--bcher-kva.example'],
    [false, ''],
    [false, '192.0.2.1'],
    [false, 'a.123'],
    [false, 'a b.example'],
    [false, 'a\\.b.example'],
    [false, 'a*.example'],
    [false, '\\195\\188.example'],
  ] as const;
  for (const [expected, name] of rows) {
    const { view, problem } = ask(dnsBytes(dnsHeader(0, [1, 0, 0, 0]), nameBytes(name), 0, 1, 0, 1));
    assert.deepEqual(
      [problem, view.isHostName, view.name],
      [null, expected, name === 'a b.example' ? 'a\\032b.example' : name],
    );
  }
});

test('options are noted by kind', () => {
  const noted = (...options: readonly number[]) => {
    const { view } = ask(dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, optOf(...options)));
    return [view.hasCookie, view.hasClientSubnet, view.hasOtherOptions];
  };
  assert.deepEqual(noted(), [false, false, false]);
  assert.deepEqual(noted(0, 10, 0, 8, ...Array(8).fill(0)), [true, false, false]);
  assert.deepEqual(noted(0, 8, 0, 4, 0, 1, 0, 0), [false, true, false]);
  assert.deepEqual(noted(0, 12, 0, 0), [false, false, true]);
});

test('of several cookies the first is found where it stands', () => {
  const first = [0, 10, 0, 24, ...Array(24).fill(7)];
  const second = [0, 10, 0, 8, ...Array(8).fill(9)];
  const query = dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, optOf(0, 12, 0, 1, 0, ...first, ...second));
  const { view } = ask(query);
  const found = query.subarray(view.cookieAt, view.cookieAt + view.cookieBytes);
  assert.deepEqual([view.hasCookie, [...found]], [true, Array(24).fill(7)]);
});

test('a payload below 512 counts as 512', () => {
  const view = ask(dnsBytes(dnsHeader(0, [1, 0, 0, 1]), question, [0, 0, 41, 0, 100, 0, 0, 0, 0, 0, 0])).view;
  assert.equal(view.payloadBytes, 512);
});

test('names that share a place in memory are not taken for each other', () => {
  const view = new QueryView();
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 20_000; index++) {
      const bytes = dnsBytes(dnsHeader(0, [1, 0, 0, 0]), nameBytes(`h${index}.example`), 0, 1, 0, 1);
      readQuery(bytes, bytes.length, view);
      assert.equal(view.name, `h${index}.example`);
    }
  }
});

test('a query that is read is read by the other reader in the same way', () => {
  const query = fc.tuple(anyMessage, anyName).map(([message, name]): DnsMessage => {
    const { edns } = message;
    return {
      ...message,
      isResponse: false,
      opcode: 0,
      question: { name, type: 1, class: 1 },
      answers: [],
      authorities: [],
      additionals: message.additionals.slice(0, 7),
      edns: edns === null ? null : { ...edns, version: 0, options: edns.options.filter(({ code }) => code !== 10) },
    };
  });
  fc.assert(
    fc.property(query, (message) => {
      const { problem, view } = ask(writeMessage(message));
      assert.equal(problem, null);
      assert.deepEqual(
        [view.id, view.name, view.type, view.class, view.hasEdns, view.recursionDesired],
        [message.id, lowerName(message.question?.name ?? '?'), 1, 1, message.edns !== null, message.recursionDesired],
      );
      assert.equal(view.isDnssecOk, message.edns?.isDnssecOk ?? false);
    }),
  );
});

test('random bytes and broken queries never throw, and what is taken says the same to both readers', () => {
  const whole = dnsBytes(dnsHeader(0x0100, [1, 0, 0, 1]), question, optOf(0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8));
  const near = mutatedBytes(fc.constant(whole));
  const view = new QueryView();
  let taken = 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 100 }), near, mutatedBytes(anyMessage.map((one) => writeMessage(one)))),
      (bytes) => {
        if (readQuery(bytes, bytes.length, view) !== null) return;
        taken++;
        const read = readMessage(bytes);
        // Additional records other than OPT are passed over here, malformed or not.
        if (!read.ok) return;
        assert.equal(view.name, lowerName(read.value.question?.name ?? '?'));
        assert.equal(view.type, read.value.question?.type);
        assert.equal(view.hasEdns, read.value.edns !== null);
      },
    ),
    { numRuns: 2000 },
  );
  assert.ok(taken > 20, `${taken} were taken`);
});
