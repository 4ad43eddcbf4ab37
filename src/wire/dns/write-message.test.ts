import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'dns-packet';
import fc from 'fast-check';
import { anyMessage, dnsBytes, nameBytes } from '../../../test/support/dns-messages.ts';
import { bareMessage } from './bare-message.ts';
import { type DnsMessage, type DnsRecord, dnsTypes, rcodes } from './message.ts';
import { readMessage } from './read-message.ts';
import { writeMessage } from './write-message.ts';

const empty: DnsMessage = { ...bareMessage('www.example.com', dnsTypes.a), id: 0x1234 };
const edns = { payloadBytes: 1232, version: 0, isDnssecOk: false, options: [{ code: 3, data: Uint8Array.of(1) }] };
const record = (name: string, type: number, data: Uint8Array): DnsRecord => ({ name, type, class: 1, ttl: 60, data });
const address = (name: string): DnsRecord => record(name, dnsTypes.a, Uint8Array.of(192, 0, 2, 1));

function readBack(bytes: Uint8Array): DnsMessage {
  const read = readMessage(bytes);
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
}

test('owners are compressed, and names in data of the five old types', () => {
  const sizeOf = (row: DnsRecord): number => writeMessage({ ...empty, answers: [row] }).length - 33 - 12;
  const target = nameBytes('cdn.example.com');
  const rows: readonly (readonly [string, DnsRecord, number])[] = [
    ['CNAME', record('www.example.com', dnsTypes.cname, target), 6],
    ['NS', record('example.com', dnsTypes.ns, target), 6],
    ['PTR', record('example.com', dnsTypes.ptr, target), 6],
    ['MX', record('com', dnsTypes.mx, dnsBytes(0, 1, target)), 8],
    ['SOA', record('', dnsTypes.soa, dnsBytes(target, 'who.cdn.example.com', Array(20).fill(0))), 31],
    ['SRV stays', record('example.com', dnsTypes.srv, dnsBytes(0, 1, 0, 2, 0, 3, target)), 23],
    ['DNAME stays', record('example.com', dnsTypes.dname, target), 17],
    ['HTTPS stays', record('example.com', dnsTypes.https, dnsBytes(0, 1, target)), 19],
    ['data that are no name stay', record('example.com', dnsTypes.cname, Uint8Array.of(9, 9)), 2],
  ];
  for (const [what, row, expected] of rows) assert.equal(sizeOf(row), expected, what);
});

test('names keep their case', () => {
  const answers = [address('WWW.example.com'), address('www.EXAMPLE.com')];
  assert.deepEqual(readBack(writeMessage({ ...empty, answers })).answers, answers);
});

test('no pointer leads past its 14 bits', () => {
  const filler = record('', dnsTypes.txt, new Uint8Array(20_000));
  const answers = [filler, address('late.example'), address('late.example')];
  assert.deepEqual(readBack(writeMessage({ ...empty, answers })).answers, answers);
});

test('records that do not fit are left out from the end, and the question and OPT stay', () => {
  const message: DnsMessage = {
    ...empty,
    answers: [address('a.example'), address('b.example')],
    authorities: [address('c.example')],
    additionals: [address('d.example')],
    edns,
  };
  const full = writeMessage(message);
  const countOf = ({ answers, authorities, additionals }: DnsMessage): number =>
    answers.length + authorities.length + additionals.length;
  let most = 0;
  for (let maxBytes = 0; maxBytes <= full.length; maxBytes++) {
    const bytes = writeMessage(message, { maxBytes });
    const read = readBack(bytes);
    assert.ok(bytes.length <= Math.max(maxBytes, 33 + 16), `${bytes.length} bytes where ${maxBytes} are left`);
    assert.deepEqual([read.question, read.edns], [message.question, message.edns]);
    assert.equal(read.isTruncated, maxBytes < full.length);
    assert.ok(countOf(read) >= most);
    assert.deepEqual(read.answers, message.answers.slice(0, read.answers.length));
    assert.ok(read.authorities.length === 0 || read.answers.length === 2);
    most = countOf(read);
  }
  assert.equal(most, 4);
});

test('no message is longer than 65,535 bytes', () => {
  const answers = Array.from({ length: 5 }, () => record('', dnsTypes.txt, new Uint8Array(30_000)));
  const bytes = writeMessage({ ...empty, answers }, { maxBytes: 1_000_000 });
  const read = readBack(bytes);
  assert.deepEqual([read.answers.length, read.isTruncated], [2, true]);
});

test('a response code that needs EDNS is SERVFAIL without', () => {
  assert.equal(readBack(writeMessage({ ...empty, rcode: rcodes.badVers })).rcode, rcodes.servFail);
  assert.equal(readBack(writeMessage({ ...empty, rcode: rcodes.badVers, edns })).rcode, rcodes.badVers);
});

test('a record that cannot be written is the mistake of the caller', () => {
  const rows = [address('a..b'), address('x'.repeat(64)), address('.'), record('a', 16, new Uint8Array(65_536))];
  for (const row of rows) assert.throws(() => writeMessage({ ...empty, answers: [row] }), TypeError);
});

test('dns-packet reads the same of what is written', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      // It knows no escapes, and of most data and options it has its own idea.
      const edns = message.edns === null ? null : { ...message.edns, options: [] };
      const answers = message.answers.filter(({ type, name }) => type === dnsTypes.a && !name.includes('\\'));
      const packet = decode(
        Buffer.from(writeMessage({ ...message, question: null, answers, authorities: [], additionals: [], edns })),
      );
      assert.deepEqual(
        packet.answers?.map((answer) => [
          answer.name,
          answer.type,
          'ttl' in answer && answer.ttl,
          'data' in answer && answer.data,
        ]),
        answers.map(({ name, ttl, data }) => [name === '' ? '.' : name, 'A', ttl, data.join('.')]),
      );
    }),
  );
});
