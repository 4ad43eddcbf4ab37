import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseServer } from './upstream-server.ts';

test('servers are read in all their spellings, and the canonical text reads back as the same server', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['192.0.2.53', 'udp 192.0.2.53 53 - -'],
    ['192.0.2.53:5353', 'udp 192.0.2.53 5353 - -'],
    ['2001:db8::53', 'udp 2001:db8::53 53 - -'],
    ['[2001:db8::53]', 'udp 2001:db8::53 53 - -'],
    ['[2001:db8::53]:5353', 'udp 2001:db8::53 5353 - -'],
    ['tcp://192.0.2.53', 'tcp 192.0.2.53 53 - -'],
    ['tcp://[2001:db8::53]:54', 'tcp 2001:db8::53 54 - -'],
    ['tls://192.0.2.53#dns.example', 'tls 192.0.2.53 853 dns.example -'],
    ['tls://192.0.2.53:8853#DNS.example', 'tls 192.0.2.53 8853 dns.example -'],
    ['tls://192.0.2.53', 'tls 192.0.2.53 853 192.0.2.53 -'],
    ['tls://[2001:db8::53]#dns.example', 'tls 2001:db8::53 853 dns.example -'],
    ['https://dns.example/dns-query#192.0.2.53', 'https 192.0.2.53 443 dns.example /dns-query'],
    ['https://dns.example:8443/q/token#2001:db8::53', 'https 2001:db8::53 8443 dns.example /q/token'],
    ['https://192.0.2.53', 'https 192.0.2.53 443 192.0.2.53 /dns-query'],
    ['https://[2001:db8::53]/dns-query', 'https 2001:db8::53 443 2001:db8::53 /dns-query'],
  ];
  for (const [text, expected] of rows) {
    const read = parseServer(text);
    assert.ok(read.ok, text);
    const { transport, address, port, name, path } = read.value;
    assert.equal([transport, address, port, name || '-', path || '-'].join(' '), expected, text);
    assert.deepEqual(parseServer(read.value.text), read, read.value.text);
  }
});

test('what is no server is refused with what is meant', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['dns.example', /`dns\.example` is not a DNS server: write an address as/],
    ['', /write an address/],
    ['192.0.2.53:0', /write an address/],
    ['192.0.2.53:65536', /write an address/],
    ['[192.0.2.53]:53', /write an address/],
    ['2001:db8::53:99999', /write an address/],
    ['tcp://dns.example', /write an address/],
    ['udp://192.0.2.53', /start with an address, `tcp:\/\/`/],
    ['tls://dns.example', /the name in its certificate/],
    ['tls://192.0.2.53#', /not a name that a certificate can hold/],
    ['tls://192.0.2.53#a b', /not a name that a certificate can hold/],
    ['tls://192.0.2.53#a#b', /the name in its certificate/],
    ['https://dns.example/dns-query', /the address to dial is missing/],
    ['https://dns.example/dns-query#other.example', /the address to dial is missing/],
    ['https://dns.example/dns-query?dns=#192.0.2.53', /without user and query/],
    ['https://user@dns.example/#192.0.2.53', /without user and query/],
    ['https://', /without user and query/],
    ['https://dns.example:0/#192.0.2.53', /from 1 to 65535/],
  ];
  for (const [text, expected] of rows) {
    const read = parseServer(text);
    assert.ok(!read.ok, text);
    assert.equal(read.fault.code, 'server_malformed');
    assert.match(read.fault.message, expected, text);
  }
});

test('any text is read without throwing', () => {
  const part = fc.constantFrom(
    'tls://',
    'https://',
    'tcp://',
    '192.0.2.53',
    '[::1]',
    ':53',
    '#',
    'a.example',
    '/',
    '?',
    '@',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('')),
      ),
      (text) => {
        const read = parseServer(text);
        assert.equal(read.ok ? parseServer(read.value.text).ok : read.fault.code !== '', true);
      },
    ),
    { numRuns: 2000 },
  );
});
