import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bodyFraming, responseFraming } from './body-framing.ts';
import { defaultHeadLimits } from './head-scan.ts';
import { latin1Bytes } from './latin1.ts';
import { parseRequestHead } from './request-head.ts';
import { parseResponseHead } from './response-head.ts';
import { writeRequestHead, writeResponseHead } from './write-head.ts';

const parse = (text: string) => parseRequestHead(latin1Bytes(text), defaultHeadLimits);

function head(text: string) {
  const result = parse(text);
  assert.ok(result.kind === 'head', text);
  return result.head;
}

const refused: readonly (readonly [code: string, text: string])[] = [
  ['line_ending_malformed', 'GET / HTTP/1.1\nHost: a.example\n\n'],
  ['line_ending_malformed', 'GET / HTTP/1.1\n'],
  ['line_ending_malformed', 'GET / HTTP/1.1\r\nHost: a.example\r\nA: b\n\r\n'],
  ['line_ending_malformed', 'GET / HTTP/1.1\r\nHost: a.example\rX: y\r\n\r\n'],
  ['folded_line', 'GET / HTTP/1.1\r\nHost: a.example\r\n b.example\r\n\r\n'],
  ['folded_line', 'GET / HTTP/1.1\r\n\tHost: a.example\r\n\r\n'],
  ['control_byte', 'GET / HTTP/1.1\r\nHost: a.example\0\r\n\r\n'],
  ['control_byte', 'GET / HTTP/1.1\r\nHost: a.example\x7f\r\n\r\n'],
  ['control_byte', '\x16\x03\x01'],
  ['field_malformed', 'GET / HTTP/1.1\r\nHost : a.example\r\n\r\n'],
  ['field_malformed', 'GET / HTTP/1.1\r\n: a.example\r\n\r\n'],
  ['field_malformed', 'GET / HTTP/1.1\r\nHost a.example\r\n\r\n'],
  ['field_malformed', 'GET / HTTP/1.1\r\nH\u00f6st: a.example\r\n\r\n'],
  ['field_malformed', 'GET / HTTP/1.1\r\nHost\t: a.example\r\n\r\n'],
  ['host_repeated', 'GET / HTTP/1.1\r\nHost: a.example\r\nhOST: a.example\r\n\r\n'],
  ['host_missing', 'GET / HTTP/1.1\r\n\r\n'],
  ['too_many_fields', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(101)}\r\n`],
  ['head_too_large', `GET / HTTP/1.1\r\nA: ${'b'.repeat(16_384)}`],
  ['request_line_malformed', '\r\nGET / HTTP/1.1\r\n\r\n'],
  ['request_line_malformed', 'GET /\r\n\r\n'],
  ['request_line_malformed', 'G(T / HTTP/1.1\r\n\r\n'],
  ['request_line_malformed', 'GET  / HTTP/1.1\r\n\r\n'],
  ['request_line_malformed', 'GET /\u00e9 HTTP/1.1\r\n\r\n'],
  ['request_line_malformed', `${'A'.repeat(33)} / HTTP/1.1\r\n\r\n`],
  ['version_unsupported', 'GET / x HTTP/1.1\r\n\r\n'],
  ['version_unsupported', 'GET / HTTP/1.1 \r\n\r\n'],
  ['version_unsupported', 'GET / http/1.1\r\n\r\n'],
  ['version_unsupported', 'GET / HTTP/0.9\r\n\r\n'],
  ['http2_preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
];

test('a head that two readers could take in two ways is refused', () => {
  for (const [code, text] of refused) {
    const result = parse(text);
    assert.equal(result.kind === 'fault' ? result.fault.code : result.kind, code, JSON.stringify(text.slice(0, 80)));
  }
});

test('a good head keeps its raw target, lower-cases names and trims only spaces and tabs', () => {
  const read = head('GET http://a.example/%zz HTTP/1.1\r\nHOST: a.example\r\nX-A: \t\u00e9 b\t \r\nX-B:\r\n\r\nbody');
  assert.equal(read.target, 'http://a.example/%zz');
  assert.deepEqual(read.fields, [
    ['host', 'a.example'],
    ['x-a', '\u00e9 b'],
    ['x-b', ''],
  ]);
  assert.equal(read.byteLength, 73);
  assert.equal(head('CONNECT a.example:443 HTTP/1.0\r\n\r\n').version, '1.0');
  assert.equal(head('CONNECT a.example:443 HTTP/1.1\r\n\r\n').method, 'CONNECT');
});

const framing: readonly (readonly [answer: string, fields: string, version?: string])[] = [
  ['none', ''],
  ['length 5', 'Content-Length: 5\r\n'],
  ['length 0', 'Content-Length: 0\r\n'],
  ['chunked', 'Transfer-Encoding: chunked\r\n'],
  ['framing_ambiguous', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'],
  ['framing_ambiguous', 'Content-Length: 5\r\nContent-Length: 5\r\n'],
  ['framing_ambiguous', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
  ['framing_ambiguous', 'Transfer-Encoding: chunked\r\n', '1.0'],
  ['length_malformed', 'Content-Length: 5, 5\r\n'],
  ['length_malformed', 'Content-Length: +5\r\n'],
  ['length_malformed', 'Content-Length: -5\r\n'],
  ['length_malformed', 'Content-Length: 0x5\r\n'],
  ['length_malformed', 'Content-Length: 5 5\r\n'],
  ['length_malformed', 'Content-Length:\r\n'],
  ['length_malformed', 'Content-Length: 9999999999999999\r\n'],
  ['transfer_coding_unsupported', 'Transfer-Encoding: gzip, chunked\r\n'],
  ['transfer_coding_unsupported', 'Transfer-Encoding: xchunked\r\n'],
  ['transfer_coding_unsupported', 'Transfer-Encoding: Chunked\r\n'],
  ['transfer_coding_unsupported', 'Transfer-Encoding: chunked, identity\r\n'],
  ['transfer_coding_unsupported', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
  ['transfer_coding_unsupported', 'Transfer-Encoding:\r\n'],
];

test('smuggling: the end of a request body has one reading or none', () => {
  for (const [answer, fields, version = '1.1'] of framing) {
    const result = bodyFraming(head(`POST / HTTP/${version}\r\nHost: a.example\r\n${fields}\r\n`));
    const length = result.ok && result.value.kind === 'length' ? ` ${result.value.bytes}` : '';
    assert.equal(result.ok ? `${result.value.kind}${length}` : result.fault.code, answer, fields);
  }
});

test('the end of a response body follows its status and the method that it answers', () => {
  const rows: readonly (readonly [answer: string, line: string, fields: string, method: string])[] = [
    ['until_close', 'HTTP/1.1 200 OK', '', 'GET'],
    ['length', 'HTTP/1.1 200', 'Content-Length: 9\r\n', 'GET'],
    ['none', 'HTTP/1.1 200 OK', 'Content-Length: 9\r\n', 'HEAD'],
    ['none', 'HTTP/1.1 204 ', '', 'GET'],
    ['none', 'HTTP/1.1 304 Not Modified', 'Content-Length: 9\r\n', 'GET'],
    ['none', 'HTTP/1.1 101 Switching Protocols', '', 'GET'],
    ['chunked', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked\r\n', 'GET'],
    ['framing_ambiguous', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked\r\nContent-Length: 1\r\n', 'GET'],
  ];
  for (const [answer, line, fields, method] of rows) {
    const result = parseResponseHead(latin1Bytes(`${line}\r\n${fields}\r\n`), defaultHeadLimits);
    assert.ok(result.kind === 'head', line);
    const read = responseFraming(result.head, method);
    assert.equal(read.ok ? read.value.kind : read.fault.code, answer, line);
  }
  for (const line of [
    'HTTP/2 200 OK',
    'HTTP/1.1 99 Low',
    'HTTP/1.1 600 High',
    'HTTP/1.1  200 OK',
    'ICY 200 OK',
    'HTTP/1.1 200OK',
  ]) {
    assert.equal(parseResponseHead(latin1Bytes(`${line}\r\n\r\n`), defaultHeadLimits).kind, 'fault', line);
  }
});

const headText = fc
  .array(
    fc.constantFrom('GET / HTTP/1.1', '\r\n', '\n', '\r', 'Host: a.example', 'Host', ':', ' ', '\t', 'x', '\0', 'é'),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));

test('any bytes are read without throwing, and splitting them changes no answer', () => {
  const input = fc.oneof(headText.map(latin1Bytes), fc.uint8Array({ maxLength: 64 }));
  fc.assert(
    fc.property(input, fc.boolean(), (bytes, isRequest) => {
      const read = isRequest ? parseRequestHead : parseResponseHead;
      const whole = read(bytes, defaultHeadLimits);
      let searched = 0;
      for (let end = 0; end <= bytes.length; end++) {
        const answer = read(bytes.subarray(0, end), defaultHeadLimits, searched);
        if (answer.kind !== 'incomplete') return assert.deepEqual(answer, whole);
        searched = answer.searchedBytes;
      }
      return assert.equal(whole.kind, 'incomplete');
    }),
    { numRuns: 500 },
  );
});

const token = fc.string({ unit: fc.constantFrom(..."abz-_.'*09"), minLength: 1, maxLength: 12 });
const value = fc.string({ unit: fc.constantFrom(...'ab:; ,"\u00e9'), maxLength: 12 }).map((text) => text.trim());

test('a head that was written reads back the same', () => {
  fc.assert(
    fc.property(token, fc.array(fc.tuple(token, value), { maxLength: 8 }), (method, extra) => {
      const fields = [['host', 'a.example'] as const, ...extra.filter(([name]) => name !== 'host')];
      const request = parseRequestHead(writeRequestHead({ method, target: '/x?y', fields }), defaultHeadLimits);
      assert.ok(request.kind === 'head');
      assert.deepEqual([request.head.method, request.head.target, request.head.fields], [method, '/x?y', fields]);
      const response = parseResponseHead(
        writeResponseHead({ status: 200, reason: 'Ok so', fields }),
        defaultHeadLimits,
      );
      assert.ok(response.kind === 'head');
      assert.deepEqual([response.head.status, response.head.reason, response.head.fields], [200, 'Ok so', fields]);
    }),
  );
});

test('header injection: a control character in a head to be written throws', () => {
  assert.throws(
    () => writeRequestHead({ method: 'GET', target: '/', fields: [['x', 'a\r\nb: c']] }),
    /control character/,
  );
  assert.throws(() => writeResponseHead({ status: 200, reason: 'OK\n', fields: [] }), /control character/);
});

test('a drip of single bytes costs one look at each byte', () => {
  const bytes = latin1Bytes(`GET / HTTP/1.1\r\nA: ${'b'.repeat(16_000)}`);
  let searched = 0;
  for (let end = 1; end <= bytes.length; end++) {
    const answer = parseRequestHead(bytes.subarray(0, end), defaultHeadLimits, searched);
    assert.ok(answer.kind === 'incomplete');
    assert.ok(end - answer.searchedBytes <= 3);
    searched = answer.searchedBytes;
  }
});
