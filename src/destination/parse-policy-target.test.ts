import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseWireHost } from './parse-authority.ts';
import { parsePolicyTarget } from './parse-policy-target.ts';
import { isPublicSuffix, publicSuffixOf, registrableDomain } from './public-suffix.ts';
import { targetCovers } from './target-covers.ts';
import { parseUserDestination } from './user-host.ts';

const canonical: readonly (readonly [text: string, canonical: string])[] = [
  ['bank-gateway.example.com:443', 'bank-gateway.example.com:443'],
  ['tls://Example.COM.:443', 'example.com:443'],
  ['tcp://mail.example.com:587,25', 'tcp://mail.example.com:25,587'],
  ['http://host.example:80,79,81-90,85', 'http://host.example:79-90'],
  ['udp://ntp.example.com:123', 'udp://ntp.example.com:123'],
  ['*.paste.example.net:*', '*.paste.example.net:*'],
  ['*:443', '*:443'],
  ['example.com:1-65535', 'example.com:*'],
  ['203.0.113.0/24:443', '203.0.113.0/24:443'],
  ['203.0.113.7/32:443', '203.0.113.7:443'],
  ['[2001:DB8:0::/32]:8000-8100', '[2001:db8::/32]:8000-8100'],
  ['[2001:db8::1]:443', '[2001:db8::1]:443'],
  ['Bücher.example:443', 'xn--bcher-kva.example:443'],
  ['*.bücher.example:443', '*.xn--bcher-kva.example:443'],
];

const refused = [
  '',
  'example.com',
  'example.com:',
  ':443',
  'example.com:0',
  'example.com:443,',
  'example.com:90-80',
  'example.com:80-',
  'ftp://example.com:21',
  'TLS://example.com:443',
  'https://example.com:443',
  '*.:443',
  '**.example.com:443',
  'a*.example.com:443',
  '*.*.example.com:443',
  '*.203.0.113.7:443',
  '203.0.113.7/24:443',
  '[2001:db8::1/32]:443',
  '2001:db8::1:443',
  '[::1]',
  '127.1:443',
  'exam ple.com:443',
  'user@example.com:443',
  'example.com/path:443',
  'bü/cher.example:443',
  'bü%cher.example:443',
  '１.2.3.4:443',
  'bücher.１:443',
  '[fe80::1%eth0]:443',
  'example.com:443 ',
  '*.[::1]:443',
  '[203.0.113.0/24]:443',
];

test('a target has one spelling, which reads as itself', () => {
  for (const [text, expected] of canonical) {
    const target = parsePolicyTarget(text);
    assert.ok(target.ok, text);
    assert.equal(target.value.canonical, expected);
    assert.deepEqual(parsePolicyTarget(expected), target);
  }
});

test('what is not in the grammar is refused', () => {
  for (const text of refused) assert.equal(parsePolicyTarget(text).ok, false, text);
});

test('any text is refused or has a canonical form that reads as itself', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'a*.:0189-,[]/tcp udü'), maxLength: 24 }),
  );
  fc.assert(
    fc.property(text, (input) => {
      const target = parsePolicyTarget(input);
      if (target.ok) assert.deepEqual(parsePolicyTarget(target.value.canonical), target);
    }),
    { numRuns: 1000 },
  );
});

const coverage: readonly (readonly [covers: boolean, target: string, destination: string])[] = [
  [true, 'example.com:443', 'example.com:443'],
  [true, 'example.com:443', 'tls://EXAMPLE.com.:443'],
  [false, 'example.com:443', 'example.com:80'],
  [false, 'example.com:443', 'a.example.com:443'],
  [false, 'example.com:443', 'http://example.com:443'],
  [true, '*.example.com:443', 'a.example.com:443'],
  [true, '*.example.com:443', 'a.b.example.com:443'],
  [false, '*.example.com:443', 'example.com:443'],
  [false, '*.example.com:443', 'evilexample.com:443'],
  [true, '*:443', 'anything.example:443'],
  [false, '*:443', '203.0.113.7:443'],
  [true, '203.0.113.0/24:443', '203.0.113.7:443'],
  [false, '203.0.113.0/24:443', '[::ffff:203.0.113.7]:443'],
  [false, '203.0.113.0/24:443', 'example.com:443'],
  [true, '[2001:db8::/32]:*', '[2001:db8:1::7]:22'],
  [true, 'tcp://mail.example.com:25', 'mail.example.com:25'],
  [true, 'http://example.com:80', 'example.com:80'],
  [false, 'udp://ntp.example.com:123', 'ntp.example.com:123'],
  [true, 'udp://ntp.example.com:123', 'udp://ntp.example.com:123'],
];

test('a target covers what it names and nothing beside it', () => {
  for (const [covers, text, asked] of coverage) {
    const target = parsePolicyTarget(text);
    const destination = parseUserDestination(asked);
    assert.ok(target.ok && destination.ok, `${text} ${asked}`);
    assert.equal(targetCovers(target.value, destination.value), covers, `${text} ${asked}`);
  }
});

test('a name without a port is covered by entries of any port and protocol', () => {
  const target = parsePolicyTarget('udp://ntp.example.com:123');
  const host = parseWireHost('ntp.example.com');
  assert.ok(target.ok && host.ok);
  assert.ok(targetCovers(target.value, { host: host.value, port: null, protocol: null }));
});

test('registrable domains follow the public suffix list with its private section', () => {
  assert.equal(registrableDomain('a.b.example.co.uk'), 'example.co.uk');
  assert.equal(registrableDomain('a.b.github.io'), 'b.github.io');
  assert.equal(registrableDomain('github.io'), null);
  assert.equal(publicSuffixOf('bucket.s3.amazonaws.com'), 's3.amazonaws.com');
  assert.ok(isPublicSuffix('com') && isPublicSuffix('github.io') && !isPublicSuffix('example.com'));
});
