import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scoresOf } from '../../../test/support/collect-observations.ts';
import { fixtureLines, fixtureTime } from '../../../test/support/fixture-lines.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const { fixture, whole, line, flow, counts } = fixtureLines('cloudflare-gateway', 'cloudflare-gateway.ndjson');

test('the fixture is taken for what it is, and each line has its outcome', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['cloudflare-gateway'],
  );
  assert.deepEqual(counts(), {
    taken: 18,
    bad_time: 1,
    bad_number: 2,
    bad_json: 1,
    other_format: 1,
  });
});

test('DNS records have the queried name, its addresses and the names between', () => {
  const office = { client: '10.80.0.11', resolver: null };
  assert.deepEqual(whole.answers.slice(0, 3), [
    {
      ...office,
      timeMs: fixtureTime('10:00:00'),
      name: 'api.example.com',
      type: 'A',
      code: 'NOERROR',
      addresses: [
        { address: '203.0.113.10', ttlSeconds: null },
        { address: '203.0.113.11', ttlSeconds: null },
      ],
      aliases: ['edge.example.net'],
      isDenied: false,
    },
    {
      ...office,
      timeMs: fixtureTime('10:00:00'),
      name: 'api.example.com.',
      type: 'AAAA',
      code: 'NOERROR',
      addresses: [{ address: '2001:db8::10', ttlSeconds: null }],
      aliases: [],
      isDenied: false,
    },
    {
      ...office,
      timeMs: fixtureTime('10:00:00'),
      name: 'gone.example.com',
      type: 'A',
      code: 'NXDOMAIN',
      addresses: [],
      aliases: [],
      isDenied: false,
    },
  ]);
});

test('blocked and replaced answers are denied, and the address of a block page is none', () => {
  const [blocked] = line(4).answers;
  assert.deepEqual([blocked?.isDenied, blocked?.addresses], [true, []]);
  assert.equal(line(5).answers[0]?.isDenied, true);
});

test('a record of old jobs has no answers, which is not the same as none', () => {
  assert.equal(line(7).answers[0]?.addresses, null);
});

test('times are ISO, seconds or nanoseconds, by the job', () => {
  assert.equal(line(6).answers[0]?.timeMs, fixtureTime('10:00:04'));
  assert.equal(flow(10).startMs, fixtureTime('10:01:01'));
  assert.equal(flow(11).startMs, fixtureTime('10:01:02'));
  assert.deepEqual(line(8).outcomes, ['bad_time']);
});

test('an HTTP record is a request with a name and without bytes', () => {
  assert.deepEqual(line(9).flows, [
    {
      startMs: fixtureTime('10:01:00'),
      endMs: fixtureTime('10:01:00'),
      client: '192.168.1.123',
      user: 'jane@example.com',
      service: '',
      address: '203.0.113.20',
      name: 'www.example.org',
      nameKind: 'url',
      port: 443,
      protocol: 6,
      application: 'tls',
      bytesUp: -1,
      bytesDown: -1,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'stated',
      vantage: 'only',
      sampledOneIn: 1,
    },
  ]);
});

test('the public address stands for a client without an internal one', () => {
  assert.deepEqual([flow(10).client, flow(10).isDenied, flow(10).port], ['198.51.100.2', true, 8080]);
});

test('HTTP/3 is UDP, a host without a URL has only its name, and a URL without a port has that of its scheme', () => {
  assert.deepEqual([flow(11).protocol, flow(11).application], [17, 'tls']);
  assert.deepEqual(
    [flow(12).name, flow(12).nameKind, flow(12).port, flow(12).application],
    ['plain.example.org', 'host', 8443, 'unknown'],
  );
  assert.deepEqual([flow(13).address, flow(13).port], ['', 80]);
});

test('a redirect is a refusal, and a service token is no user', () => {
  assert.deepEqual([flow(14).isDenied, flow(14).user], [true, '']);
});

test('network records are named by the TLS handshake', () => {
  assert.deepEqual(
    [16, 17, 18, 19].map((number) => {
      const { address, name, nameKind, port, protocol, application, isDenied } = flow(number);
      return [address, name, nameKind, port, protocol, application, isDenied];
    }),
    [
      ['203.0.113.30', 'pinned.example.com', 'sni', 443, 6, 'tls', false],
      ['203.0.113.31', '', 'none', 22, 6, 'other', false],
      ['2001:db8:99::31', '', 'none', 123, 17, 'unknown', true],
      ['203.0.113.30', 'mirror.example.com', 'sni', 443, 6, 'tls', false],
    ],
  );
});

test('session records have bytes: sent ones from the client to the origin', () => {
  const { client, address, bytesUp, bytesDown, startMs, endMs } = flow(20);
  assert.deepEqual([client, address, bytesUp, bytesDown], ['192.168.1.124', '203.0.113.40', 4000, 90_000]);
  assert.deepEqual([startMs, endMs], [fixtureTime('10:03:00'), fixtureTime('10:03:30')]);
});

test('ports and bytes that cannot be, and records that are cut short, are refused', () => {
  assert.deepEqual(
    [15, 21, 22].flatMap((number) => line(number).outcomes),
    ['bad_number', 'bad_number', 'bad_json'],
  );
});

test('no line makes the parser throw', () => assertParserNeverThrows('cloudflare-gateway', fixture));
