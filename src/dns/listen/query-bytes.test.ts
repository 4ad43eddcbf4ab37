import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'dns-packet';
import fc from 'fast-check';
import { queryFor } from './listening.playbook.ts';
import { frameMessage, MessageReader } from './message-reader.ts';
import { isQuery, makeServfail, writeTruncated } from './query-bytes.ts';

const anyQuery = fc.oneof(
  fc.uint8Array({ minLength: 12, maxLength: 600 }),
  fc.tuple(fc.nat(40), fc.nat(255)).map(([at, byte]) => {
    const query = Uint8Array.from(queryFor('a.label.example'));
    query[at % query.length] = byte;
    return query;
  }),
);

test('a truncated reply is never longer than its query, and says nothing that the query did not', () => {
  fc.assert(
    fc.property(anyQuery, (query) => {
      const into = new Uint8Array(1_232);
      const length = writeTruncated(query, into);
      assert.ok(length <= query.length);
      assert.deepEqual(into.subarray(12, length), length === 0 ? new Uint8Array(0) : query.subarray(12, length));
      if (length > 0) assert.deepEqual([...into.subarray(4, 12)], [0, 1, 0, 0, 0, 0, 0, 0]);
      assert.ok(length === 0 || !isQuery(into));
    }),
    { numRuns: 1_000 },
  );
});

test('a truncated reply is read by others as the question with TC', () => {
  const query = queryFor('a.label.example', 77);
  const into = new Uint8Array(1_232);
  const reply = decode(Buffer.from(into.subarray(0, writeTruncated(query, into))));
  assert.deepEqual([reply.id, reply.type, reply.flag_tc, reply.flag_rd], [77, 'response', true, true]);
  assert.deepEqual(reply.questions, [{ name: 'a.label.example', type: 'A', class: 'IN' }]);
});

test('a query without a whole plain question gets no truncated reply', () => {
  const into = new Uint8Array(1_232);
  const whole = queryFor('a.example');
  const pointing = Buffer.concat([whole.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  const none = Buffer.from(whole);
  none.fill(0, 4, 6);
  const long = Buffer.concat([whole.subarray(0, 12), Buffer.alloc(300, 1), Buffer.alloc(5)]);
  for (const query of [whole.subarray(0, -1), whole.subarray(0, 14), pointing, none, long]) {
    assert.equal(writeTruncated(query, into), 0);
  }
});

test('SERVFAIL keeps id, opcode and RD, and nothing else', () => {
  const query = Uint8Array.of(0x12, 0x34, 0x7d, 0xff, 0, 1, 0, 1, 0, 1, 0, 1, 9, 9);
  assert.equal(Buffer.from(makeServfail(query)).toString('hex'), '1234f9020000000000000000');
});

test('a stream gives the same messages however it is split', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(messages, cuts, (sent, sizes) => {
      const stream = Buffer.concat(sent.map(frameMessage));
      const reader = new MessageReader();
      const got: Buffer[] = [];
      let at = 0;
      for (let count = 0; at < stream.length; count += 1) {
        const size = sizes[count % sizes.length] ?? 1;
        reader.push(stream.subarray(at, at + size));
        at += size;
        for (let next = reader.next(); next !== null; next = reader.next()) got.push(Buffer.from(next));
      }
      assert.deepEqual(
        got,
        sent.map((bytes) => Buffer.from(bytes)),
      );
    }),
  );
});
