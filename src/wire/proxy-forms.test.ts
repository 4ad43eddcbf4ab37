import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAbsoluteForm } from './absolute-form.ts';
import { createChunkedScanner } from './chunked.ts';
import { classifyFirstByte } from './first-byte.ts';
import { latin1Bytes } from './latin1.ts';
import { parseProxyAuthorization } from './proxy-authorization.ts';
import { parseSocksAuth, parseSocksGreeting, parseSocksRequest } from './socks5.ts';
import { writeSocksAuthResult, writeSocksMethod, writeSocksReply } from './socks5-reply.ts';

test('an absolute-form target is taken apart or refused', () => {
  const rows: readonly (readonly [target: string, answer: string, method?: string])[] = [
    ['http://a.example/x?y', 'a.example /x?y'],
    ['HTTP://a.example:80', 'a.example:80 /'],
    ['http://a.example?q', 'a.example /?q'],
    ['http://[2001:db8::1]/', '[2001:db8::1] /'],
    ['http://a.example', 'a.example *', 'OPTIONS'],
    ['http://a.example/x@y', 'a.example /x@y'],
    ['https://a.example/', 'scheme_unsupported'],
    ['ftp://a.example/', 'scheme_unsupported'],
    ['/x', 'target_malformed'],
    ['*', 'target_malformed'],
    ['http:a.example', 'target_malformed'],
    ['http://', 'target_malformed'],
    ['http:///x', 'target_malformed'],
    ['http://user@a.example/', 'target_malformed'],
    ['http://a.example/#x', 'target_malformed'],
    ['http://a.example\\@b.example/', 'a.example /\\@b.example/'],
  ];
  for (const [target, answer, method = 'GET'] of rows) {
    const result = parseAbsoluteForm(target, method);
    assert.equal(
      result.ok ? `${result.value.authority} ${result.value.originTarget}` : result.fault.code,
      answer,
      target,
    );
  }
});

test('a proof is read from its field, in one spelling, and no message repeats it', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  assert.deepEqual(parseProxyAuthorization(basic('a:b:c')), {
    ok: true,
    value: { kind: 'basic', username: 'a', password: 'b:c' },
  });
  assert.deepEqual(parseProxyAuthorization('bAsIc w7w6'), {
    ok: true,
    value: { kind: 'basic', username: 'ü', password: '' },
  });
  assert.deepEqual(parseProxyAuthorization('Bearer a.b-c_d=='), {
    ok: true,
    value: { kind: 'bearer', token: 'a.b-c_d==' },
  });
  const secret = 'c2VjcmV0';
  for (const value of [
    '',
    'Basic',
    `Basic ${secret}`,
    'Basic YTpi=',
    'Basic YTpj Zg',
    'Basic  YTpi',
    'Basic YTo_',
    basic('a:\n'),
    'Basic /zo=',
  ]) {
    assert.equal(parseProxyAuthorization(value).ok, false, value);
  }
  for (const value of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    `Bearer ${'a'.repeat(13_000)}`,
    'Digest x',
    'NTLM x',
    'YTpi',
    `Basic${secret}`,
  ]) {
    const result = parseProxyAuthorization(value);
    assert.ok(!result.ok && !result.fault.message.includes(secret), value);
  }
});

test('SOCKS5 messages are read, and whatever comes later is left', () => {
  assert.deepEqual(parseSocksGreeting(Uint8Array.of(5, 2, 0, 2, 9)), {
    kind: 'greeting',
    methods: [0, 2],
    byteLength: 4,
  });
  assert.deepEqual(parseSocksAuth(latin1Bytes('\x01\x02ab\x01c!')), {
    kind: 'auth',
    username: 'ab',
    password: 'c',
    byteLength: 6,
  });
  const named = parseSocksRequest(latin1Bytes('\x05\x01\x00\x03\x06a\0.b.c\x01\xbb'));
  assert.ok(named.kind === 'request');
  assert.deepEqual([named.host, named.port], [{ kind: 'name', text: 'a\0.b.c' }, 443]);
  const address = parseSocksRequest(Uint8Array.of(5, 2, 0, 1, 203, 0, 113, 7, 0, 0));
  assert.ok(address.kind === 'request');
  assert.deepEqual(
    [address.command, address.host],
    ['bind', { kind: 'address', bytes: Uint8Array.of(203, 0, 113, 7) }],
  );
});

test('broken SOCKS5 is refused as soon as it shows', () => {
  const code = (result: { kind: string; fault?: { code: string } }) => result.fault?.code ?? result.kind;
  assert.equal(code(parseSocksGreeting(Uint8Array.of(4, 1))), 'socks_malformed');
  assert.equal(code(parseSocksGreeting(Uint8Array.of(5, 0))), 'socks_malformed');
  assert.equal(code(parseSocksAuth(Uint8Array.of(5))), 'socks_malformed');
  assert.equal(code(parseSocksAuth(Uint8Array.of(1, 0))), 'socks_malformed');
  assert.equal(code(parseSocksAuth(Uint8Array.of(1, 1, 255, 1, 65))), 'socks_malformed');
  assert.equal(code(parseSocksRequest(Uint8Array.of(5, 9))), 'socks_command_unsupported');
  assert.equal(code(parseSocksRequest(Uint8Array.of(5, 1, 0, 2))), 'socks_address_type_unsupported');
  assert.equal(code(parseSocksRequest(Uint8Array.of(5, 1, 1))), 'socks_malformed');
  assert.equal(code(parseSocksRequest(Uint8Array.of(5, 1, 0, 3, 0))), 'socks_malformed');
  assert.equal(code(parseSocksRequest(Uint8Array.of(5, 1, 0, 1, 1, 2, 3, 4, 0, 0))), 'socks_malformed');
});

test('SOCKS5 in any pieces gives the same answer and never throws', () => {
  const tail = fc.uint8Array({ maxLength: 30 });
  const input = fc
    .tuple(fc.constantFrom([5], [1], [5, 1, 0, 1], [5, 1, 0, 3, 3], [5, 1, 0, 4], []), tail)
    .map(([a, b]) => Uint8Array.of(...a, ...b));
  fc.assert(
    fc.property(input, fc.constantFrom(parseSocksGreeting, parseSocksAuth, parseSocksRequest), (bytes, read) => {
      const whole = read(bytes);
      for (let end = 0; end <= bytes.length; end++) {
        const answer = read(bytes.subarray(0, end));
        if (answer.kind !== 'incomplete') return assert.deepEqual(answer, whole);
      }
      return assert.equal(whole.kind, 'incomplete');
    }),
    { numRuns: 500 },
  );
});

test('SOCKS5 replies are as RFC 1928 and RFC 1929 say', () => {
  assert.deepEqual([...writeSocksMethod(null)], [5, 255]);
  assert.deepEqual([...writeSocksAuthResult(false)], [1, 1]);
  assert.deepEqual([...writeSocksReply('not_allowed')], [5, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
});

test('the first byte tells the protocol', () => {
  assert.deepEqual([5, 22, 67, 4].map(classifyFirstByte), ['socks5', 'tls', 'http', 'http']);
});

const chunkRows: readonly (readonly [answer: string, text: string])[] = [
  ['end 5', '0\r\n\r\n'],
  ['end 5', '0\r\n\r\nGET'],
  ['end 15', '5\r\nhello\r\n0\r\n\r\n'],
  ['end 23', '5;a="b"\r\nhello\r\n000\r\n\r\n'],
  ['end 13', '0\r\nX-A: b\r\n\r\nnext'],
  ['more', '5\r\nhel'],
  ['more', '0\r\n'],
  ['fault', '5\nhello\r\n0\r\n\r\n'],
  ['fault', '5\r\nhelloX\r\n0\r\n\r\n'],
  ['fault', '5\r\nhello\n0\r\n\r\n'],
  ['fault', '5 \r\nhello\r\n'],
  ['fault', '+5\r\nhello\r\n'],
  ['fault', '0x5\r\nhello\r\n'],
  ['fault', '-1\r\n'],
  ['fault', '\r\n'],
  ['fault', '5;\n\r\nhello\r\n'],
  ['fault', '5\r\r\n'],
  ['fault', 'fffffffffffffff\r\n'],
  ['fault', `5;${'a'.repeat(300)}`],
  ['fault', '0\r\nbad trailer\r\n\r\n'],
  ['fault', '0\r\n folded: x\r\n\r\n'],
  ['fault', `0\r\n${'a: b\r\n'.repeat(2000)}\r\n`],
];

function scan(bytes: Uint8Array, pieceBytes: number): string {
  const scanner = createChunkedScanner();
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const result = scanner.push(bytes.subarray(at, at + pieceBytes));
    if (result.kind === 'end') return `end ${at + result.consumedBytes}`;
    if (result.kind === 'fault') return 'fault';
  }
  return 'more';
}

test('chunk framing is followed to its end, or refused, however it is split', () => {
  for (const [answer, text] of chunkRows) {
    assert.equal(scan(latin1Bytes(text), text.length), answer, JSON.stringify(text.slice(0, 40)));
  }
  const text = fc.array(
    fc.constantFrom('5\r\nhello\r\n', '0\r\n', '\r\n', '\r', '\n', 'a;b\r\n', 'X: y\r\n', '1', ' '),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (parts, pieceBytes) => {
      const bytes = latin1Bytes(parts.join(''));
      assert.equal(scan(bytes, pieceBytes), scan(bytes, bytes.length + 1));
    }),
    { numRuns: 1000 },
  );
});

test('a chunked body as long as its sizes say is followed without being kept', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 64 }),
      (chunks, size) => {
        const parts = chunks.map((chunk) =>
          Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
        );
        const body = Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
        assert.equal(scan(Buffer.concat([body, Buffer.from('next')]), size), `end ${body.length}`);
      },
    ),
  );
});
