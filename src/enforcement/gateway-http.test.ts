import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type GatewayPlay,
  type GatewayStep,
  type PlayedGateway,
  playedAtMs,
  playGateway,
} from '../../test/support/play-gateway.ts';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';

const watched = '192.0.2.200';
const allow = [
  ruleNode('http://plain.example.com:80'),
  ruleNode('http://plain.example.com:443'),
  ruleNode('http://203.0.113.0/28:80'),
  ruleNode('secure.example.com:80,443'),
];
const policy = policyOf([
  serviceNode('app', { identities: [identityNode('source:192.0.2.0/25')], allow }),
  serviceNode('watched', {
    mode: 'observe',
    observeUntil: playedAtMs + 86_400_000,
    identities: [identityNode('source:192.0.2.128/25')],
    allow,
  }),
]);

function play(steps: readonly GatewayStep[], extra: Partial<GatewayPlay> = {}): PlayedGateway {
  return playGateway({ policy, aimed: '198.51.100.80:80', steps, ...extra });
}

function request(line: string, ...fields: readonly string[]): Buffer {
  return Buffer.from(`${[`${line} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n`);
}

const answer: GatewayStep = { upstream: Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok') };
const get = request('GET /health', 'Host: plain.example.com');

function isDialled({ lines }: PlayedGateway): boolean {
  return lines.some((line) => line.startsWith('dial') || line.startsWith('resolve'));
}

test('a Host that is allowed is resolved by us, dialled and answered, and so is the next request', () => {
  const played = play([get, answer, get, answer], { aimed: '203.0.113.66:80' });
  assert.deepEqual(played.lines.slice(0, 5), [
    'read client',
    'resolve plain.example.com',
    'dial 198.51.100.80 80',
    'record allow rule_matched',
    'unread client',
  ]);
  assert.equal(played.toUpstream.split('GET /health HTTP/1.1').length, 3);
  assert.equal(played.toClient.split('HTTP/1.1 200').length, 3);
  const [record] = played.verdicts;
  assert.deepEqual(
    [record?.innerHost, record?.aimedAt, played.verdicts.length],
    ['plain.example.com', '203.0.113.66', 1],
  );
});

test('a second request on the kept connection with another Host is refused, and no byte of it passes', () => {
  const other = request('GET /stolen', 'Host: evil.example.com');
  const played = play([get, answer, other]);
  assert.deepEqual(
    [played.verdicts.at(-1)?.reason, played.verdicts.at(-1)?.destination?.host, played.closes[0]?.endedBy],
    ['host_mismatch', 'evil.example.com', 'host_mismatch'],
  );
  assert.match(played.toClient, /HTTP\/1\.1 403 Forbidden\r\n.*Exeat-Reason: host_mismatch/s);
  assert.ok(!played.toUpstream.includes('stolen') && played.lines.includes('close'));
});

test('a head that comes byte by byte is read, also where a method could still be another word', () => {
  const bytes = Array.from(get, (byte) => Buffer.from([byte]));
  assert.equal(play([...bytes, answer]).verdicts[0]?.reason, 'rule_matched');
});

test('on a port that is not for HTTP what begins with a method is read as a request', () => {
  const aimed = '198.51.100.80:443';
  assert.match(play([get, answer], { aimed }).toUpstream, /^GET \/health/);
  const tls = play([request('GET /', 'Host: secure.example.com')], { aimed });
  assert.deepEqual([tls.verdicts[0]?.reason, isDialled(tls)], ['hello_missing', false]);
  assert.match(tls.toClient, /^HTTP\/1\.1 403 /);
  const odd = play([request('PROPFIND /', 'Host: plain.example.com')], { aimed });
  assert.deepEqual([odd.verdicts[0]?.reason, odd.lines.at(-1)], ['hello_missing', 'reset']);
});

test('on a port for HTTP any method is', () => {
  assert.match(play([request('PROPFIND /', 'Host: plain.example.com'), answer]).toUpstream, /^PROPFIND \//);
});

test('an upgrade to HTTP/2 in clear text is not passed on, and an origin that takes it all the same is not either', () => {
  const upgrade = request(
    'GET /',
    'Host: plain.example.com',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABk',
  );
  const switched = {
    upstream: Buffer.from('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
  };
  const played = play([upgrade, switched]);
  assert.ok(!/upgrade|http2-settings/i.test(played.toUpstream));
  assert.ok(!played.toClient.includes('101') && !played.lines.includes('relay'));
});

// The head; the reason under enforce and its status; whether an observed service gets through, and with which remark.
type Row = readonly [what: string, head: Buffer, reason: string, status: number, remark: string | null];
const rows: readonly Row[] = [
  [
    'an absolute form of another host',
    request('GET http://evil.example.com/', 'Host: plain.example.com'),
    'host_mismatch',
    403,
    'host_mismatch',
  ],
  [
    'an absolute form of another port',
    request('GET http://plain.example.com:81/', 'Host: plain.example.com'),
    'host_mismatch',
    403,
    'host_mismatch',
  ],
  ['a Host of another port', request('GET /', 'Host: plain.example.com:8080'), 'host_mismatch', 403, 'host_mismatch'],
  [
    'HTTP/2 with prior knowledge',
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'http_malformed',
    400,
    'hello_missing',
  ],
  ['two Hosts', request('GET /', 'Host: plain.example.com', 'Host: evil.example.com'), 'http_malformed', 400, null],
  ['no Host', request('GET /'), 'http_malformed', 400, null],
  ['a bare line feed', Buffer.from('GET / HTTP/1.1\nHost: plain.example.com\n\n'), 'http_malformed', 400, null],
  ['CONNECT', request('CONNECT plain.example.com:80', 'Host: plain.example.com'), 'http_malformed', 400, null],
  ['a Host that is no host', request('GET /', 'Host: plain_!.example.com'), 'authority_malformed', 400, null],
  ['a Host that no rule covers', request('GET /', 'Host: evil.example.com'), 'no_rule_matched', 403, ''],
  [
    'a Host that only TLS may reach',
    request('GET /', 'Host: secure.example.com'),
    'hello_missing',
    403,
    'hello_missing',
  ],
];

describe('a first request', () => {
  for (const [what, head, reason, status, remark] of rows) {
    test(`with ${what} is told ${status} ${reason} before anything is resolved, and closed`, () => {
      const played = play([head]);
      assert.deepEqual([played.verdicts[0]?.verdict, played.verdicts[0]?.reason], ['deny', reason]);
      assert.match(played.toClient, new RegExp(`^HTTP/1.1 ${status} .*\r\nConnection: close\r\n`, 's'));
      assert.deepEqual([isDialled(played), played.lines.at(-1)], [false, 'close']);
    });

    test(`with ${what} ${remark === null ? 'is refused' : 'passes'} under observe`, () => {
      const played = play([head, answer], { source: watched });
      const remarks = played.verdicts.filter(({ stage, verdict }) => stage === 'sni' && verdict === 'allow');
      assert.deepEqual(
        remarks.map(({ wouldDenyReason }) => wouldDenyReason),
        remark === null || remark === '' ? [] : [remark],
      );
      if (remark === null) assert.deepEqual([played.toUpstream, played.lines.at(-1)?.includes('relay')], ['', false]);
      else assert.ok(played.toUpstream.length > 0);
    });
  }
});

test('a page says where to ask for an exception, in the form that the client takes, and shows no rule and no address', () => {
  const head = request('HEAD /', 'Host: evil.example.com', 'Accept: application/json');
  const played = play([head], { settings: { requestBase: 'https://exeat.example.com' } });
  assert.match(played.toClient, /Exeat-Request: https:\/\/exeat\.example\.com\/request\?decision=01PLAY/);
  assert.match(played.toClient, /application\/problem\+json/);
  assert.ok(played.toClient.endsWith('\r\n\r\n'), 'a HEAD has no body');
  assert.ok(!played.toClient.includes('198.51.100.80') && !played.toClient.includes('evil'));
});

test('a request that names nobody is judged as the address that was aimed at', () => {
  const bare = Buffer.from('GET / HTTP/1.0\r\n\r\n');
  assert.ok(play([bare, answer], { aimed: '203.0.113.5:80' }).lines.includes('dial 203.0.113.5 80'));
  assert.equal(play([bare]).verdicts[0]?.reason, 'no_rule_matched');
  const absolute = Buffer.from('GET http://plain.example.com/ HTTP/1.0\r\n\r\n');
  assert.equal(play([absolute, answer]).verdicts[0]?.destination?.host, 'plain.example.com');
});

test('a Host that is an address is judged as that, and dialled wherever the client aimed', () => {
  const played = play([request('GET /', 'Host: 203.0.113.5'), answer], { aimed: '203.0.113.66:80' });
  assert.ok(played.lines.includes('dial 203.0.113.5 80'));
  assert.equal(played.verdicts[0]?.aimedAt, '203.0.113.66');
  const metadata = play([request('GET /latest/meta-data/', 'Host: 169.254.169.254')], { aimed: '203.0.113.5:80' });
  assert.deepEqual([metadata.verdicts[0]?.reason, isDialled(metadata)], ['boundary_denied', false]);
});

test('TLS on a port for HTTP is read as TLS', () => {
  const played = play([Buffer.from([0x16, 3, 1, 0, 5, 2, 0, 0, 1, 0])]);
  assert.deepEqual(
    [played.verdicts[0]?.reason, played.lines.at(-1), played.toClient],
    ['hello_unreadable', 'reset', ''],
  );
});

test('a head that does not end is told so within the time of a head', () => {
  const played = play([get.subarray(0, 20), 'deadline']);
  assert.deepEqual([played.verdicts[0]?.reason, played.armed], ['http_malformed', [10_000]]);
  assert.match(played.toClient, /^HTTP\/1\.1 400 /);
});
