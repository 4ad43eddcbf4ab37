import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultPortOf, readCount, readPort, splitHostPort, splitUrl } from './host-port.ts';

/** Text, and its host and port; null where it is none. */
const hostPorts: readonly (readonly [string, readonly [string, number] | null])[] = [
  ['example.com:443', ['example.com', 443]],
  ['example.com', ['example.com', -1]],
  ['example.com.:443', ['example.com.', 443]],
  ['Example.COM:0443', ['Example.COM', 443]],
  ['_srv.example.com:5060', ['_srv.example.com', 5060]],
  ['203.0.113.9:80', ['203.0.113.9', 80]],
  ['203.0.113.9', ['203.0.113.9', -1]],
  ['[2001:db8::1]:443', ['2001:db8::1', 443]],
  ['[2001:db8::1]', ['2001:db8::1', -1]],
  ['[fe80::1%eth0]:53', ['fe80::1%eth0', 53]],
  ['2001:db8::1', ['2001:db8::1', -1]],
  // Which part would be the port cannot be told.
  ['2001:db8::1:443', ['2001:db8::1:443', -1]],
  ['::ffff:203.0.113.9', ['::ffff:203.0.113.9', -1]],
  ['example.com:443/a:b', ['example.com', 443]],
  ['example.com/a', ['example.com', -1]],
  ['example.com?x=1:2', ['example.com', -1]],
  ['example.com#top', ['example.com', -1]],
  ['example.com:', ['example.com', -1]],
  ['example.com:0', ['example.com', 0]],
  ['example.com:65535', ['example.com', 65_535]],
  ['example.com:65536', null],
  ['example.com:-1', null],
  ['example.com:https', null],
  ['[2001:db8::1]443', null],
  ['[2001:db8::1', null],
  ['[]:443', null],
  [':443', null],
  ['/a', null],
  ['', null],
];

test('a host and its port are told apart, in brackets and without', () => {
  for (const [text, expected] of hostPorts) {
    const found = splitHostPort(text);
    assert.deepEqual(found === null ? null : [found.host, found.port], expected, text);
  }
});

/** URL, and its scheme, host and port; null where it is no absolute URL. */
const urls: readonly (readonly [string, readonly [string, string, number] | null])[] = [
  ['https://example.com/a?b=c#d', ['https', 'example.com', -1]],
  ['HTTPS://Example.com:8443', ['https', 'Example.com', 8443]],
  ['http://user:secret@example.com:8080/', ['http', 'example.com', 8080]],
  ['postgres://app:p%40ss:w0rd@db.example.net:5432/ledger', ['postgres', 'db.example.net', 5432]],
  // The last at sign ends the userinfo (RFC 3986 section 3.2.1 allows none within it, people write them).
  ['https://user:p@ss@example.com/', ['https', 'example.com', -1]],
  ['https://example.org@example.com/', ['https', 'example.com', -1]],
  // Behind the path an at sign is none of the authority's.
  ['https://example.com/@example.org', ['https', 'example.com', -1]],
  ['https://example.com?user@example.org', ['https', 'example.com', -1]],
  ['https://[2001:db8::1]:8443/', ['https', '2001:db8::1', 8443]],
  ['https://user@[2001:db8::1]/', ['https', '2001:db8::1', -1]],
  ['git+ssh://git@example.com/repo', ['git+ssh', 'example.com', -1]],
  ['example.com/a', null],
  ['//example.com/a', null],
  ['mailto:jane@example.com', null],
  ['https:///a', null],
  ['https://user@/a', null],
  ['https://example.com:port/', null],
  ['1http://example.com', null],
  ['', null],
];

test('a URL gives scheme, host and port, and nothing of its userinfo', () => {
  for (const [url, expected] of urls) {
    const found = splitUrl(url);
    assert.deepEqual(found === null ? null : [found.scheme, found.host, found.port], expected, url);
  }
});

test('a scheme has its usual port, and is never looked up among what every object has', () => {
  assert.deepEqual(['https', 'http', 'postgresql', 'rediss'].map(defaultPortOf), [443, 80, 5432, 6379]);
  assert.deepEqual(['', 'gopher', 'constructor', '__proto__', 'toString'].map(defaultPortOf), [-1, -1, -1, -1, -1]);
});

test('ports and counts are decimal and in range, or unknown', () => {
  assert.deepEqual(['0', '443', '65535', '00080'].map(readPort), [0, 443, 65_535, 80]);
  for (const wrong of ['', '-1', '65536', '443 ', '1e3', '0x50', '٤٤٣', '100000'])
    assert.equal(readPort(wrong), -1, wrong);
  assert.deepEqual(['0', '42', '+42', '9007199254740991'].map(readCount), [0, 42, 42, 9_007_199_254_740_991]);
  for (const wrong of ['', '-', '-1', '1.5', '1e9', '9007199254740992', '99999999999999999999', '++1', ' 1']) {
    assert.equal(readCount(wrong), -1, wrong);
  }
});

test('what is put together is told apart again', () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4()), port, (host, number) => {
      assert.deepEqual(splitHostPort(`${host}:${number}`), { host, port: number });
      assert.deepEqual(splitUrl(`https://u:p@${host}:${number}/x:1`), { scheme: 'https', host, port: number });
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), port, (host, number) => {
      assert.deepEqual(splitHostPort(`[${host}]:${number}`), { host, port: number });
      assert.deepEqual(splitHostPort(host), { host, port: -1 });
    }),
  );
});

test('a host never keeps a separator of what was around it', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const found of [splitHostPort(text), splitUrl(text)]) {
        if (found === null) continue;
        assert.ok(found.host !== '' && !/[/?#]/.test(found.host), text);
        assert.ok(found.port >= -1 && found.port <= 65_535);
      }
    }),
    { numRuns: 500 },
  );
});
