import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'dns-packet';
import fc from 'fast-check';
import { address, alias } from '../../../test/support/dns-server.ts';
import { dnsTypes, readMessage } from '../../wire/index.ts';
import { judgeResponse } from './judge-response.ts';
import { makeQuery, type Query } from './query.ts';

const question = { name: 'payments.example.com', type: dnsTypes.a };
const options = { id: 0x1234, hasRandomCase: true, hasEdns: true, cookie: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
const query = makeQuery(question, options);

function judge(bytes: Uint8Array, to: Query = query) {
  return judgeResponse(bytes, { query: to, transport: 'udp', takeCookie: null })?.kind ?? 'not_ours';
}

function good(): Buffer {
  return encode({
    type: 'response',
    id: query.id,
    questions: [{ type: 'A', name: query.spelling, class: 'IN' }],
    answers: [alias('payments.example.com', 'b.example.com'), address('b.example.com', '192.0.2.1')],
  });
}

test('a query asks for recursion with EDNS 1232 and a cookie, and tells nothing else', () => {
  const read = readMessage(query.packet);
  assert.ok(read.ok);
  const { recursionDesired, checkingDisabled, authenticData, edns, question: sent } = read.value;
  assert.deepEqual(
    { recursionDesired, checkingDisabled, authenticData },
    { recursionDesired: true, checkingDisabled: false, authenticData: false },
  );
  assert.deepEqual(edns, {
    payloadBytes: 1232,
    version: 0,
    isDnssecOk: false,
    options: [{ code: 10, data: options.cookie }],
  });
  assert.equal(sent?.name, query.spelling);
  const old = readMessage(makeQuery(question, { ...options, hasEdns: false }).packet);
  assert.ok(old.ok && old.value.edns === null);
});

test('letter case is random: no two queries in a hundred are alike', () => {
  const made = Array.from({ length: 100 }, () => makeQuery(question, options));
  assert.ok(new Set(made.map((one) => one.spelling)).size >= 95);
  assert.ok(made.every((one) => one.spelling.toLowerCase() === question.name));
  assert.equal(
    makeQuery({ name: 'a\\.b.example', type: 1 }, { ...options, hasRandomCase: false }).spelling,
    'a\\.b.example',
  );
});

test('any bytes are judged without throwing, and none of them is an answer by chance', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      assert.notEqual(judge(bytes), 'answer');
    }),
    { numRuns: 2000 },
  );
});

test('a good response with bytes changed or cut never throws', () => {
  const bytes = good();
  assert.equal(judge(bytes), 'answer');
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(bytes.length), (at, value, end) => {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      assert.ok(judge(changed).length > 0);
      assert.ok(judge(changed.subarray(0, end)).length > 0);
    }),
    { numRuns: 2000 },
  );
});

test('a response to another id, type, spelling or kind of query is not ours', () => {
  const swapped = [...query.spelling]
    .map((char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()))
    .join('');
  const flipped = (at: number, bits: number): Buffer => {
    const bytes = good();
    bytes[at] = (bytes[at] ?? 0) ^ bits;
    return bytes;
  };
  assert.equal(judge(good(), { ...query, id: query.id ^ 1 }), 'not_ours');
  assert.equal(judge(good(), { ...query, type: dnsTypes.aaaa }), 'not_ours');
  assert.equal(judge(good(), { ...query, spelling: swapped }), 'not_ours');
  assert.equal(judge(flipped(2, 0x80)), 'not_ours', 'a query');
  assert.equal(judge(flipped(2, 0x08)), 'not_ours', 'another opcode');
});

test('codes and the truncation bit lead to what is done next', () => {
  const withCode = (code: number): Buffer => {
    const bytes = good();
    bytes[3] = ((bytes[3] ?? 0) & 0xf0) | code;
    return bytes;
  };
  const rows: readonly (readonly [number, string])[] = [
    [0, 'answer'],
    [1, 'no_edns'],
    [2, 'failed'],
    [3, 'answer'],
    [4, 'failed'],
    [5, 'failed'],
    [9, 'failed'],
  ];
  for (const [code, expected] of rows) assert.equal(judge(withCode(code)), expected, `code ${code}`);
  assert.equal(judge(withCode(1), { ...query, hasEdns: false }), 'failed');
  const truncated = good();
  truncated[2] = (truncated[2] ?? 0) | 0x02;
  assert.equal(judge(truncated), 'truncated');
});
