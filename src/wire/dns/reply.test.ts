import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyRecord, dnsBytes, dnsHeader, nameBytes } from '../../../test/support/dns-messages.ts';
import { bareMessage } from './bare-message.ts';
import { type DnsMessage, type DnsRecord, dnsTypes } from './message.ts';
import { sameName } from './names.ts';
import { readMessage } from './read-message.ts';
import { QueryView, readQuery } from './read-query.ts';
import { datagramBytes, type PackedAnswer, packAnswer, type ReplyOptions, writeReply } from './reply.ts';

const into = new Uint8Array(65_535);
const plainReply: ReplyOptions = {
  ageSeconds: 0,
  ttlCapSeconds: 86_400,
  into,
  maxBytes: 1232,
  ede: null,
  cookie: null,
  isUnchanged: true,
};

function answerOf(answers: readonly DnsRecord[], change: Partial<DnsMessage> = {}): DnsMessage {
  return {
    ...bareMessage('wWw.eXaMpLe.com', dnsTypes.a),
    id: 0x7777,
    authenticData: true,
    answers,
    edns: { payloadBytes: 1232, version: 0, isDnssecOk: true, options: [] },
    ...change,
  };
}

const address = (name: string, ttl: number, last = 1): DnsRecord => ({
  name,
  type: dnsTypes.a,
  class: 1,
  ttl,
  data: Uint8Array.of(192, 0, 2, last),
});

// EDNS: null for none, else whether DO is set.
function queryOf(name: string, isDnssecOk: boolean | null, flags = 0x0100): { query: Uint8Array; view: QueryView } {
  const opt = [0, 0, 41, 4, 0xd0, 0, 0, isDnssecOk === true ? 0x80 : 0, 0, 0, 0];
  const question = dnsBytes(nameBytes(name), 0, 1, 0, 1);
  const query = dnsBytes(
    dnsHeader(flags, [1, 0, 0, isDnssecOk === null ? 0 : 1]),
    question,
    isDnssecOk === null ? [] : opt,
  );
  const view = new QueryView();
  assert.equal(readQuery(query, query.length, view), null);
  return { query, view };
}

function replyTo(
  packed: PackedAnswer,
  asked: { readonly query: Uint8Array; readonly view: QueryView },
  change: Partial<ReplyOptions> = {},
): { message: DnsMessage; bytes: number } {
  // What an earlier reply left behind must not show.
  into.fill(0xee);
  const bytes = writeReply(packed, asked.view, asked.query, { ...plainReply, ...change });
  const read = readMessage(into.subarray(0, bytes));
  assert.ok(read.ok, JSON.stringify(read));
  return { message: read.value, bytes };
}

test('a kept answer goes out with the id, the flags and the spelling of whoever asks', () => {
  const packed = packAnswer(answerOf([address('www.EXAMPLE.com', 300)]));
  assert.deepEqual([packed.rcode, packed.leastTtlSeconds, packed.questionEnd], [0, 300, 33]);
  const { message } = replyTo(packed, queryOf('Www.example.COM', null, 0x0110));
  assert.deepEqual(message, {
    ...answerOf([{ ...address('', 300), name: 'Www.example.COM' }]),
    id: 0x1234,
    authenticData: false,
    checkingDisabled: true,
    question: { name: 'Www.example.COM', type: 1, class: 1 },
    edns: null,
  });
});

test('the spelling of one client never reaches another', () => {
  const data = nameBytes('cdn.EXAMPLE.com');
  const packed = packAnswer(answerOf([{ ...address('www.example.COM', 60), type: dnsTypes.cname, data }]));
  const { message } = replyTo(packed, queryOf('WWW.EXAMPLE.com', false));
  assert.deepEqual(message.answers[0]?.name, 'WWW.EXAMPLE.com');
  assert.deepEqual(message.answers[0]?.data, nameBytes('cdn.EXAMPLE.com'));
});

test('TTLs are less by the age, never below zero and never above the cap', () => {
  const packed = packAnswer(answerOf([address('www.example.com', 300), address('www.example.com', 20, 2)]));
  assert.equal(packed.leastTtlSeconds, 20);
  const ttlsAt = (ageSeconds: number, ttlCapSeconds: number): readonly number[] =>
    replyTo(packed, queryOf('www.example.com', null), { ageSeconds, ttlCapSeconds }).message.answers.map(
      ({ ttl }) => ttl,
    );
  assert.deepEqual(ttlsAt(0, 86_400), [300, 20]);
  assert.deepEqual(ttlsAt(15, 86_400), [285, 5]);
  assert.deepEqual(ttlsAt(25, 86_400), [275, 0]);
  assert.deepEqual(ttlsAt(1000, 86_400), [0, 0]);
  assert.deepEqual(ttlsAt(15, 30), [30, 5]);
  assert.deepEqual(ttlsAt(0, 0), [0, 0]);
  const large = packAnswer(answerOf([address('www.example.com', 0x7fff_ffff)]));
  const whole = replyTo(large, queryOf('www.example.com', null), { ttlCapSeconds: 0xffff_ffff }).message;
  assert.equal(whole.answers[0]?.ttl, 0x7fff_ffff);
});

test('OPT is there if the client sent one, and DO and AD if nothing was changed', () => {
  const packed = packAnswer(answerOf([address('www.example.com', 60)]));
  const rows = [
    [null, false, true, { edns: null, ad: false }],
    [false, false, true, { edns: false, ad: false }],
    [true, false, true, { edns: true, ad: true }],
    [true, false, false, { edns: false, ad: false }],
    [null, true, true, { edns: null, ad: true }],
    [null, true, false, { edns: null, ad: false }],
  ] as const;
  for (const [isDnssecOk, asksAd, isUnchanged, expected] of rows) {
    const { message } = replyTo(packed, queryOf('www.example.com', isDnssecOk, asksAd ? 0x0120 : 0x0100), {
      isUnchanged,
    });
    assert.deepEqual({ edns: message.edns?.isDnssecOk ?? null, ad: message.authenticData }, expected);
    if (message.edns !== null) assert.deepEqual([message.edns.payloadBytes, message.edns.version], [1232, 0]);
  }
});

test('an extended error goes to those who speak EDNS', () => {
  const packed = packAnswer(answerOf([address('www.example.com', 60)]));
  const ede = { code: 3, text: 'stale, \u00fc' };
  const { message } = replyTo(packed, queryOf('www.example.com', false), { ede });
  assert.deepEqual(message.edns?.options, [{ code: 15, data: dnsBytes(0, 3, Buffer.from(ede.text)) }]);
  assert.equal(replyTo(packed, queryOf('www.example.com', null), { ede }).message.edns, null);
});

test('records that do not fit are left out, whole and from the end', () => {
  const message = answerOf(
    [address('www.example.com', 60), address('www.example.com', 60, 2), address('www.example.com', 60, 3)],
    { authorities: [address('ns.example.com', 50, 9)], additionals: [address('x.example', 40, 8)] },
  );
  const packed = packAnswer(message);
  const all = [...message.answers, ...message.authorities, ...message.additionals].map(({ data }) => data[3]);
  for (const isDnssecOk of [null, false]) {
    const asked = queryOf('www.example.com', isDnssecOk);
    const full = replyTo(packed, asked).bytes;
    for (let maxBytes = 60; maxBytes <= full; maxBytes++) {
      const reply = replyTo(packed, asked, { maxBytes });
      const { answers, authorities, additionals, isTruncated, edns } = reply.message;
      const kept = [...answers, ...authorities, ...additionals].map(({ data }) => data[3]);
      assert.ok(reply.bytes <= maxBytes);
      assert.equal(isTruncated, maxBytes < full);
      assert.deepEqual(kept, all.slice(0, kept.length));
      assert.ok(answers.length === 3 || authorities.length + additionals.length === 0);
      assert.equal(edns === null, isDnssecOk === null);
    }
  }
});

test('memory that is shorter than the reply cuts it', () => {
  const packed = packAnswer(answerOf(Array.from({ length: 200 }, (_, index) => address('www.example.com', 60, index))));
  const { view, query } = queryOf('www.example.com', false);
  const small = new Uint8Array(600);
  const bytes = writeReply(packed, view, query, { ...plainReply, into: small, maxBytes: 65_535 });
  const read = readMessage(small.subarray(0, bytes));
  assert.ok(read.ok && read.value.isTruncated && read.value.answers.length > 20);
});

test('an extended error never makes a reply longer than it may be', () => {
  const packed = packAnswer(answerOf(Array.from({ length: 20 }, (_, index) => address('www.example.com', 60, index))));
  const ede = { code: 3, text: '\u20ac'.repeat(500) };
  for (let maxBytes = 330; maxBytes < 700; maxBytes++) {
    assert.ok(replyTo(packed, queryOf('www.example.com', false), { maxBytes, ede }).bytes <= maxBytes);
  }
});

test('a datagram is as large as the client takes, and at most 1,232 bytes', () => {
  const view = new QueryView();
  const rows = [
    [512, 512],
    [1000, 1000],
    [4096, 1232],
  ] as const;
  for (const [payloadBytes, expected] of rows) {
    view.payloadBytes = payloadBytes;
    assert.equal(datagramBytes(view), expected);
  }
  assert.equal(datagramBytes(new QueryView()), 512);
});

test('an answer of more than 65,535 bytes is packed as truncated', () => {
  const data = new Uint8Array(30_000);
  const packed = packAnswer(
    answerOf(Array.from({ length: 4 }, () => ({ ...address('', 5), type: dnsTypes.txt, data }))),
  );
  const { message } = replyTo(packed, queryOf('www.example.com', null), { maxBytes: 65_535 });
  assert.deepEqual([message.answers.length, message.isTruncated, packed.ttlOffsets.length], [2, true, 2]);
});

test('what cannot be packed, or is the answer to another question, is the mistake of the caller', () => {
  assert.throws(() => packAnswer(answerOf([], { question: null })), TypeError);
  assert.throws(() => packAnswer(answerOf([], { rcode: 16 })), TypeError);
  const packed = packAnswer(answerOf([], { rcode: 3 }));
  assert.deepEqual([packed.rcode, packed.leastTtlSeconds], [3, 0]);
  const { view, query } = queryOf('a.example', null);
  assert.throws(() => writeReply(packed, view, query, plainReply), TypeError);
});

test('every record of any answer comes back, the spelling of names aside', () => {
  const records = fc.array(anyRecord, { maxLength: 5 });
  fc.assert(
    fc.property(records, records, (answers, additionals) => {
      const packed = packAnswer(answerOf(answers, { additionals }));
      const { message } = replyTo(packed, queryOf('www.example.com', true), {
        maxBytes: 65_535,
        ttlCapSeconds: 0x7fff_ffff,
      });
      const sent = [...answers, ...additionals];
      const got = [...message.answers, ...message.additionals];
      assert.deepEqual(
        got.map(({ type, ttl, data }) => [type, ttl, data.length]),
        sent.map(({ type, ttl, data }) => [type, ttl, data.length]),
      );
      assert.ok(got.every(({ name }, index) => sameName(name, sent[index]?.name ?? '?')));
      assert.equal(message.answers.length, answers.length);
    }),
  );
});

test('a cookie goes out with the answer and takes the room of records', () => {
  const cookie = Uint8Array.from({ length: 24 }, (_, at) => 255 - at);
  const records = Array.from({ length: 40 }, (_, at) => address('www.example.com', 300, at));
  const packed = packAnswer(answerOf(records));
  const asked = queryOf('www.example.com', false);
  const whole = replyTo(packed, asked, { cookie });
  assert.deepEqual(whole.message.edns?.options, [{ code: 10, data: cookie }]);
  assert.equal(whole.bytes, replyTo(packed, asked).bytes + 28);
  const cut = replyTo(packed, asked, { cookie, maxBytes: whole.bytes - 1 });
  assert.deepEqual([cut.message.isTruncated, cut.message.answers.length], [true, 39]);
  assert.deepEqual(cut.message.edns?.options, [{ code: 10, data: cookie }]);
  assert.equal(replyTo(packed, queryOf('www.example.com', null), { cookie }).message.edns, null);
});
