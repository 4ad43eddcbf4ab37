import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Collected,
  type CollectedFlow,
  collectObservations,
  fixtureNowMs,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';
import { createLocalZone, findLogFormat, type LineOutcome } from '../index.ts';

const fixture = readFixture('squid.log');
const sameFormat = '%ts.%03tu %tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt';

function only(line: string, grammar?: string): CollectedFlow {
  const { flows, outcomes } = collectObservations('squid', line, grammar === undefined ? {} : { grammar });
  assert.deepEqual(outcomes, ['taken']);
  assert.equal(flows.length, 1);
  return flows[0] as CollectedFlow;
}

function counted({ outcomes }: Collected): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

function faultOf(grammar: string): string {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const made = findLogFormat('squid')?.createParser({ grammar, zone: zone.value, nowMs: fixtureNowMs });
  assert.ok(made !== undefined && !made.ok);
  assert.equal(made.fault.code, 'grammar_invalid');
  return made.fault.message;
}

test('every line of a native log comes to a flow or to a reason', () => {
  assert.deepEqual(counted(collectObservations('squid', fixture)), {
    taken: 18,
    challenge: 1,
    no_destination: 2,
    not_network: 3,
    bad_number: 2,
    bad_fields: 1,
  });
});

test('a tunnel is a flow to the name of its CONNECT, its size is what came down, and its time is that of the end', () => {
  const [tunnel] = collectObservations('squid', fixture).flows;
  assert.deepEqual(tunnel, {
    startMs: 1_795_859_996_733,
    endMs: 1_795_860_000_120,
    client: '192.0.2.10',
    user: '',
    service: '',
    address: '198.51.100.20',
    name: 'api.example.org',
    nameKind: 'connect',
    port: 443,
    protocol: 6,
    application: 'tunnel',
    bytesUp: -1,
    bytesDown: 19_131,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'stated',
    vantage: 'only',
    sampledOneIn: 1,
  });
});

test('a plain request is named by its URL, with the port of its scheme where it writes none', () => {
  const { flows } = collectObservations('squid', fixture);
  const rows = flows.map(({ name, port, nameKind, application }) => `${nameKind} ${name} ${port} ${application}`);
  assert.ok(rows.includes('url mirror.example.com 80 http'));
  assert.ok(rows.includes('url mirror.example.com 8080 http'));
  assert.ok(rows.includes('url login.example.com 443 tls'));
  assert.ok(rows.includes('url ftp.example.com 21 other'));
  assert.ok(rows.includes('url 2001:db8::80 8080 http'));
  assert.ok(rows.includes('connect 2001:db8::443 443 tunnel'));
});

test('an address is taken where Squid went itself and wrote one: no name, no parent, no dash', () => {
  const { flows } = collectObservations('squid', fixture);
  const addressOf = (name: string): string | undefined => flows.find((flow) => flow.name === name)?.address;
  assert.equal(addressOf('files.example.net'), '');
  assert.equal(addressOf('deep.example.com'), '');
  assert.equal(addressOf('gone.example.org'), '');
  assert.equal(addressOf('login.example.com'), '');
  assert.equal(addressOf('198.51.100.60'), '198.51.100.60');
  assert.equal(flows.find(({ application }) => application === 'tls')?.address, '198.51.100.30');
});

test('a denial is told apart from a challenge, which is no denial', () => {
  const { flows } = collectObservations('squid', fixture);
  const denied = flows.filter(({ isDenied }) => isDenied).map(({ name, port }) => `${name}:${port}`);
  assert.deepEqual(denied, ['203.0.113.80:8443', 'ads.example.net:80']);
});

test('a CONNECT that Squid bumped counts no connection, since what comes out of it has records of its own', () => {
  const login = collectObservations('squid', fixture).flows.filter(({ name }) => name === 'login.example.com');
  assert.deepEqual(
    login.map(({ connections, nameKind, user }) => [connections, nameKind, user]),
    [
      [0, 'connect', ''],
      [1, 'url', 'jane'],
    ],
  );
});

test('user names may hold blanks, written so or as an escape', () => {
  const users = collectObservations('squid', fixture).flows.map(({ user }) => user);
  assert.ok(users.includes('svc batch'));
  assert.ok(users.includes('Jane Doe'));
});

test('detection takes native, common and combined logs for Squid alone, and finds their grammar by itself', () => {
  const common =
    '192.0.2.7 - jane [28/Nov/2026:11:00:00 +0100] "CONNECT example.com:443 HTTP/1.1" 200 3920 TCP_TUNNEL:HIER_DIRECT';
  const combined =
    '192.0.2.7 - - [28/Nov/2026:11:00:00 +0100] "GET http://example.com/a%20b HTTP/1.1" 200 39 "-" "a \\"b\\" c" TCP_MISS:HIER_DIRECT';
  for (const text of [fixture, common, combined]) assert.equal(scoresOf(text)[0]?.[0], 'squid');
  assert.deepEqual(scoresOf('192.0.2.7 - - [28/Nov/2026:11:00:00 +0100] "GET /a HTTP/1.1" 200 39 "-" "curl"'), []);
  const tunnel = only(common);
  assert.equal(tunnel.endMs, Date.UTC(2026, 10, 28, 10));
  assert.deepEqual([tunnel.name, tunnel.port, tunnel.user, tunnel.bytesDown], ['example.com', 443, 'jane', 3920]);
  const request = only(combined);
  assert.deepEqual([request.name, request.port, request.nameKind, request.user], ['example.com', 80, 'url', '']);
});

test('a logformat with more columns gives upload, server name and client as its codes say', () => {
  const grammar =
    'logformat wide %ts.%03tu %6tr %>a %>p %Ss/%03>Hs %<st %>st %rm %ru %[un %Sh/%<a %<p "%{User-Agent}>h" %ssl::>sni';
  const flow = only(
    '1795860000.120    158 192.0.2.30 58948 TCP_TUNNEL/200 28854 2051 CONNECT 198.51.100.20:443 jane ORIGINAL_DST/198.51.100.20 443 "curl/8.14 \\"x\\"" www.example.com',
    grammar,
  );
  assert.deepEqual([flow.bytesUp, flow.bytesDown, flow.client, flow.user], [2051, 28_854, '192.0.2.30', 'jane']);
  assert.deepEqual([flow.name, flow.nameKind, flow.application], ['www.example.com', 'sni', 'tls']);
  assert.deepEqual([flow.address, flow.port], ['198.51.100.20', 443]);
  assert.deepEqual([flow.startMs, flow.endMs], [1_795_859_999_962, 1_795_860_000_120]);
});

test('a logformat without URL is named by the Host header', () => {
  const grammar = '%ts.%03tu %>a:%>p %{Host}>h %<a:%<p %rv %rm %>Hs %Ss:%Sh "%{User-Agent}>h"';
  const text =
    '1795860000.358 192.0.2.30:36274 api.example.com:8443 -:- 1.1 CONNECT 403 TCP_DENIED:HIER_NONE "curl/7.81.0"';
  const flow = only(text, grammar);
  assert.deepEqual([flow.name, flow.port, flow.isDenied, flow.bytesDown], ['api.example.com', 8443, true, -1]);
});

test('a logformat of local times is read in the zone that was named, and by start where that is what it has', () => {
  const clock = '%>a [%{%Y-%m-%d %H:%M:%S}tl] %tr %Ss/%>Hs %<st %rm %ru';
  const text = '192.0.2.1 [2026-11-28 11:00:00] 2000 TCP_TUNNEL/200 5 CONNECT example.com:443';
  const { flows } = collectObservations('squid', text, { grammar: clock, timezone: '+01:00' });
  assert.deepEqual(
    [flows[0]?.startMs, flows[0]?.endMs],
    [Date.UTC(2026, 10, 28, 9, 59, 58), Date.UTC(2026, 10, 28, 10)],
  );
  const start = only('1795860000.5 700 192.0.2.1 TCP_MISS/200 GET http://example.com/', '%tS %tr %>a %Ss/%>Hs %rm %ru');
  assert.deepEqual([start.startMs, start.endMs], [1_795_860_000_500, 1_795_860_001_200]);
});

test('a grammar that cannot be says what is wrong with it', () => {
  assert.match(faultOf('%ts %zz %ru'), /`%zz` is no code of Squid/);
  assert.match(faultOf('%>a %ru'), /it has no time/);
  assert.match(faultOf('%ts %>a %Ss'), /it does not say where to/);
  assert.match(faultOf('%ts%ru'), /nothing separates `ts` from `ru`/);
});

test('words that every object knows are schemes like any other', () => {
  const { port, name } = only(
    '1795860000.120 3 192.0.2.10 TCP_MISS/200 7 GET constructor://a.example/ - HIER_NONE/- -',
  );
  assert.deepEqual([name, port], ['a.example', -1]);
  assert.match(faultOf('constructor'), /it has no time/);
});

test('the parser of bytes and the parser of grammars say the same of the same line', () => {
  // Two ways: a user name with blanks is told from its neighbours by the bytes' parser alone, and a cut line has another code.
  const lines = fixture.split('\n').filter((line) => line !== '' && !line.includes('Jane Doe'));
  const isNo = (outcome: LineOutcome | undefined): boolean => outcome === 'other_format' || outcome === 'bad_fields';
  const host = fc
    .tuple(
      fc.constantFrom('', 'user@', 'user:secret@'),
      fc.oneof(fc.stringMatching(/^[a-zA-Z0-9][a-z0-9.-]{0,20}$/), fc.constantFrom('192.0.2.7', '[2001:db8::7]')),
      fc.oneof(
        fc.constant(''),
        fc.nat(65_535).map((port) => `:${port}`),
      ),
    )
    .map((parts) => parts.join(''));
  const url = fc.oneof(
    host.map((text) => `http://${text}/`),
    host.map((text) => `https://${text}`),
    fc.constantFrom('error:x', '*', '/a'),
  );
  const route = fc.constantFrom(
    'HIER_DIRECT/192.0.2.1',
    'HIER_DIRECT/[2001:db8::1]',
    'HIER_NONE/-',
    'PINNED/a.example',
  );
  const made = fc.tuple(url, route).map(([at, by]) => `1795860000.120 3 192.0.2.10 TCP_MISS/200 7 GET ${at} - ${by} -`);
  const agree = (line: string): void => {
    const fast = collectObservations('squid', line, { grammar: 'squid' });
    const slow = collectObservations('squid', line, { grammar: sameFormat });
    if (isNo(slow.outcomes[0])) assert.ok(isNo(fast.outcomes[0]) || fast.outcomes[0] === 'bad_number', line);
    else if (fast.outcomes[0] === 'taken' && slow.outcomes[0] === 'taken')
      assert.deepEqual(fast.flows, slow.flows, line);
  };
  for (const line of lines) agree(line);
  fc.assert(fc.property(made, agree), { numRuns: 500 });
});

test('no line makes the parsers of Squid throw', () => {
  assertParserNeverThrows('squid', fixture);
  assertParserNeverThrows('squid', fixture, sameFormat);
});
