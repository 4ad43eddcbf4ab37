import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIpPrefix, prefixContains, prefixOf } from './ip-prefix.ts';
import { ipAddressFromBytes, parseIpAddress, unmapPeerAddress } from './parse-ip-address.ts';

const addressText = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0129afF:.'), maxLength: 24 }));

function read(text: string) {
  const result = parseIpAddress(text);
  assert.ok(result.ok, text);
  return result.value;
}

test('addresses agree with node:net, and IPv6 with the canonical form of URLs', () => {
  fc.assert(
    fc.property(addressText, (text) => {
      const result = parseIpAddress(text);
      assert.equal(result.ok, isIPv4(text) || isIPv6(text), text);
      if (result.ok && result.value.family === 6) {
        assert.equal(`[${result.value.text}]`, new URL(`http://[${text}]/`).hostname);
      }
      if (result.ok) assert.deepEqual(parseIpAddress(result.value.text), result);
    }),
    { numRuns: 2000 },
  );
});

test('RFC 5952 picks the first longest run of zeros and spares a single zero', () => {
  assert.equal(read('2001:db8:0:0:1:0:0:1').text, '2001:db8::1:0:0:1');
  assert.equal(read('2001:db8:0:1:1:1:1:1').text, '2001:db8:0:1:1:1:1:1');
  assert.equal(read('2001:0:0:1:0:0:0:1').text, '2001:0:0:1::1');
  assert.equal(read('0:0:0:0:0:0:0:0').text, '::');
});

test('bytes and text give the same address, other lengths none', () => {
  assert.deepEqual(ipAddressFromBytes(Uint8Array.of(203, 0, 113, 255)), read('203.0.113.255'));
  assert.deepEqual(ipAddressFromBytes(new Uint8Array(16)), read('::'));
  assert.equal(ipAddressFromBytes(new Uint8Array(5)), null);
});

test('a dual-stack peer is unmapped and other peers are not', () => {
  assert.equal(unmapPeerAddress(read('::ffff:10.20.0.7')).text, '10.20.0.7');
  assert.equal(unmapPeerAddress(read('::10.20.0.7')).text, '::a14:7');
  assert.equal(unmapPeerAddress(read('10.20.0.7')).text, '10.20.0.7');
});

test('a block is refused when host bits are set, and the message has the right spelling', () => {
  const result = parseIpPrefix('2001:db8::1/32');
  assert.ok(!result.ok);
  assert.match(result.fault.message, /write `2001:db8::\/32`/);
  for (const text of [
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0/8',
    '::/129',
    '/8',
    '10.0.0.0/8/8',
  ]) {
    assert.equal(parseIpPrefix(text).ok, false, text);
  }
});

test('a block of any length holds its first address, round-trips and holds only its own family', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (text, bits) => {
      const address = read(text);
      const prefix = prefixOf(address, address.family === 4 ? bits % 33 : bits);
      assert.ok(prefixContains(prefix, address));
      assert.deepEqual(parseIpPrefix(prefix.text), { ok: true, value: prefix });
    }),
  );
  assert.equal(prefixContains(prefixOf(read('10.0.0.0'), 8), read('::ffff:10.0.0.1')), false);
  assert.equal(prefixContains(prefixOf(read('10.0.0.0'), 8), read('11.0.0.0')), false);
  assert.equal(prefixContains(prefixOf(read('2001:db8::'), 33), read('2001:db8:8000::')), false);
});
