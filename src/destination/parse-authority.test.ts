import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostText } from './destination.ts';
import { parseAuthority, parseWireHost } from './parse-authority.ts';

const accepted: readonly (readonly [text: string, host: string, port: number])[] = [
  ['bank-gateway.example.com:443', 'bank-gateway.example.com', 443],
  ['Bank-Gateway.EXAMPLE.com.:443', 'bank-gateway.example.com', 443],
  ['_dmarc.example.com:1', '_dmarc.example.com', 1],
  ['203.0.113.7:65535', '203.0.113.7', 65535],
  ['[2001:DB8::0:1]:443', '2001:db8::1', 443],
  ['[::ffff:192.0.2.1]:443', '::ffff:c000:201', 443],
  ['xn--bcher-kva.example:443', 'xn--bcher-kva.example', 443],
  ['XN--BCHER-KVA.example:443', 'xn--bcher-kva.example', 443],
  ['123.example.com:80', '123.example.com', 80],
  ['0x7f.example.com:80', '0x7f.example.com', 80],
  [`${'a'.repeat(63)}.example:1`, `${'a'.repeat(63)}.example`, 1],
];

const refused: readonly (readonly [text: string, why: string])[] = [
  ['0x7f000001:443', 'one hexadecimal number'],
  ['2130706433:443', 'one decimal number'],
  ['017700000001:443', 'one octal number'],
  ['127.1:443', 'two parts'],
  ['127.0.1:443', 'three parts'],
  ['0177.0.0.1:443', 'octal part'],
  ['0x7f.0.0.1:443', 'hexadecimal part'],
  ['127.0.0.0x1:443', 'hexadecimal last part'],
  ['169.254.0xa9fe:443', 'mixed parts'],
  ['425.510.425.510:443', 'overflow'],
  ['256.0.0.1:443', 'overflow by one'],
  ['4294967296:443', 'overflow of the whole'],
  ['127.0.0.01:443', 'leading zero'],
  ['127.0.0.1.:443', 'trailing dot after an address'],
  ['127.0.0.1..:443', 'two trailing dots'],
  ['1.2.3.4.5:443', 'five parts'],
  ['example.1:443', 'last label is a number'],
  ['example.0x1:443', 'last label is a hexadecimal number'],
  ['example.0x:443', 'last label is 0x'],
  ['example..com:443', 'empty label'],
  ['.example.com:443', 'leading dot'],
  ['example.com..:443', 'two trailing dots'],
  ['.:443', 'root'],
  [`${'a'.repeat(64)}.example:443`, 'label of 64'],
  [`${'a.'.repeat(126)}aa:443`, 'name of 254'],
  ['evil.example\0.example.com:443', 'NUL'],
  ['evil.example%00.example.com:443', 'percent-encoded NUL'],
  ['%65xample.com:443', 'percent-encoding'],
  ['１２７.0.0.1:443', 'full-width digits'],
  ['exаmple.com:443', 'Cyrillic letter'],
  ['bücher.example:443', 'U-label on the wire'],
  ['example。com:443', 'ideographic full stop'],
  ['xn--a:443', 'A-label that does not decode'],
  ['xn--example-.com:443', 'A-label of ASCII only'],
  ['xn--.example:443', 'empty A-label'],
  ['xn--99999999.example:443', 'A-label past Unicode'],
  ['xn--bcher-KVA0.example:443', 'A-label with a broken tail'],
  ['user@example.com:443', 'user information'],
  ['user:pass@example.com:443', 'user and password'],
  ['http://example.com:443', 'scheme'],
  ['example.com:443/path', 'path'],
  ['example.com:443#', 'fragment'],
  ['example.com\\evil:443', 'backslash'],
  ['example.com :443', 'space'],
  [' example.com:443', 'leading space'],
  ['example.com:443 ', 'trailing space'],
  ['example.com\t:443', 'tab'],
  ['example.com\r\n:443', 'line break'],
  ['example.com', 'no port'],
  ['example.com:', 'empty port'],
  ['example.com:0', 'port 0'],
  ['example.com:65536', 'port past the end'],
  ['example.com:0443', 'leading zero in the port'],
  ['example.com:+443', 'sign in the port'],
  ['example.com:-1', 'negative port'],
  ['example.com:4e2', 'exponent in the port'],
  ['example.com:0x1bb', 'hexadecimal port'],
  ['example.com:443:443', 'two ports'],
  ['example.com:４４３', 'full-width port'],
  ['*.example.com:443', 'pattern'],
  [':443', 'no host'],
  ['', 'nothing'],
  ['[]:443', 'empty brackets'],
  ['[::1:443', 'open bracket'],
  ['::1:443', 'IPv6 without brackets'],
  ['[::1]443', 'no colon after brackets'],
  ['[::1].:443', 'dot after brackets'],
  ['[fe80::1%eth0]:443', 'zone'],
  ['[fe80::1%25eth0]:443', 'percent-encoded zone'],
  ['[127.0.0.1]:443', 'IPv4 in brackets'],
  ['[example.com]:443', 'name in brackets'],
  ['[:::1]:443', 'three colons'],
  ['[1::2::3]:443', 'two gaps'],
  ['[1:2:3:4:5:6:7:8::]:443', 'gap that stands for nothing'],
  ['[1:2:3:4:5:6:7]:443', 'seven groups'],
  ['[12345::]:443', 'five digits'],
  ['[::1.2.3]:443', 'short embedded IPv4'],
  ['[::01.2.3.4]:443', 'embedded IPv4 with a leading zero'],
  ['[1.2.3.4::]:443', 'embedded IPv4 in front'],
  ['[v1.x]:443', 'future address'],
];

test('every accepted spelling has one canonical form', () => {
  for (const [text, host, port] of accepted) {
    const result = parseAuthority(text, null);
    assert.ok(result.ok, text);
    assert.deepEqual([hostText(result.value.host), result.value.port], [host, port]);
  }
});

test('odd spellings are refused, not repaired, and the message says what is allowed without raw bytes', () => {
  for (const [text, why] of refused) {
    const result = parseAuthority(text, null);
    assert.ok(!result.ok, `${why}: ${text}`);
    assert.match(result.fault.message, /^[ -~…\p{L}\p{N}]+$/u, why);
  }
});

test('a missing port is taken from the default where one is given', () => {
  assert.deepEqual(parseAuthority('[::1]', 80), parseAuthority('[::1]:80', null));
  assert.deepEqual(parseAuthority('example.com', 80), parseAuthority('example.com:80', null));
  assert.equal(parseAuthority('example.com:', 80).ok, false);
});

test('any text is refused or read to a canonical form that reads as itself', () => {
  const character = fc.constantFrom(...'aZ09.-_:[]x%@/fF \0é１');
  const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: character, maxLength: 20 }), fc.domain());
  fc.assert(
    fc.property(anyText, (text) => {
      const first = parseWireHost(text);
      if (!first.ok) return;
      const canonical = hostText(first.value);
      const again = parseWireHost(
        first.value.kind === 'address' && canonical.includes(':') ? `[${canonical}]` : canonical,
      );
      assert.deepEqual(again, first);
    }),
    { numRuns: 1000 },
  );
});
