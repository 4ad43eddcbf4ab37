import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'dns-packet';
import fc from 'fast-check';
import { address, alias } from '../../test/support/dns-server.ts';
import { makeQuestion } from './question.ts';
import { readAnswer } from './read-answer.ts';

const question = makeQuestion('a.example.com', 'A');

function good(): Buffer {
  return encode({
    type: 'response',
    id: question.id,
    questions: [{ type: 'A', name: question.spelling, class: 'IN' }],
    answers: [alias('a.example.com', 'b.example.com'), address('b.example.com', '192.0.2.1')],
  });
}

test('any bytes are read without throwing, and none of them is an address by chance', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const outcome = readAnswer(bytes, question);
      assert.notEqual(outcome.kind, 'addresses');
    }),
    { numRuns: 2000 },
  );
});

test('a good response with bytes changed or cut never throws', () => {
  const bytes = good();
  assert.equal(readAnswer(bytes, question).kind, 'addresses');
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(bytes.length), (at, value, end) => {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      assert.doesNotThrow(() => readAnswer(changed, question));
      assert.doesNotThrow(() => readAnswer(changed.subarray(0, end), question));
    }),
    { numRuns: 2000 },
  );
});

test('ids and letter case are random: no two questions in a hundred are alike', () => {
  const made = Array.from({ length: 100 }, () => makeQuestion('payments.example.com', 'A'));
  assert.equal(new Set(made.map((one) => `${one.id}${one.spelling}`)).size, 100);
  assert.ok(made.every((one) => one.spelling.toLowerCase() === 'payments.example.com'));
});

test('a response to another id, type or spelling is not ours', () => {
  const swapped = [...question.spelling]
    .map((char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()))
    .join('');
  for (const other of [
    { ...question, id: question.id ^ 1 },
    { ...question, type: 'AAAA' as const },
    { ...question, spelling: swapped },
  ]) {
    assert.equal(readAnswer(good(), other).kind, 'not_ours');
  }
});

test('pointers that go round in circles end', () => {
  const bytes = good();
  // The owner of the first answer becomes a pointer to itself (RFC 1035 section 4.1.4 forbids it).
  const at = 12 + question.spelling.length + 2 + 4;
  bytes.writeUInt16BE(0xc000 | at, at);
  assert.equal(readAnswer(bytes, question).kind, 'not_ours');
});
