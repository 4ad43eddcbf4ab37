import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  fixtureNowMs,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';
import { createLocalZone, findLogFormat } from '../index.ts';

const fixture = readFixture('envoy.log');

function flowTo(name: string): CollectedFlow | undefined {
  return collectObservations('envoy', fixture).flows.find((flow) => flow.name === name);
}

function faultOf(text: string): string {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const made = findLogFormat('envoy')?.createParser({ grammar: text, zone: zone.value, nowMs: fixtureNowMs });
  assert.ok(made !== undefined && !made.ok);
  return made.fault.message;
}

test('every line of the usual formats comes to a flow or to a reason', () => {
  assert.deepEqual(collectObservations('envoy', fixture).outcomes, [
    ...['taken', 'taken', 'taken', 'inbound', 'taken', 'taken', 'taken', 'taken', 'taken', 'taken', 'taken', 'taken'],
    ...['no_destination', 'taken', 'taken', 'challenge', 'bad_number', 'bad_time'],
    ...['taken', 'taken', 'repeated', 'bad_json', 'other_format'],
  ]);
});

test('received goes up and sent came down; the time is the start; of forwarded addresses the last one asked', () => {
  const flow = flowTo('api.example.org');
  assert.deepEqual([flow?.bytesUp, flow?.bytesDown], [154, 0]);
  const startMs = Date.UTC(2026, 10, 28, 10, 0, 0, 310);
  assert.deepEqual([flow?.startMs, flow?.endMs], [startMs, startMs + 226]);
  assert.deepEqual([flow?.client, flow?.address, flow?.port], ['192.0.2.10', '198.51.100.20', 443]);
  assert.deepEqual([flow?.nameKind, flow?.application, flow?.protocol], ['host', 'http', 6]);
});

test('a CONNECT is a tunnel to its authority, whatever quotes a header holds', () => {
  const flow = flowTo('files.example.net');
  assert.deepEqual([flow?.nameKind, flow?.application, flow?.port], ['connect', 'tunnel', 8443]);
  assert.deepEqual([flow?.bytesUp, flow?.bytesDown], [1600, 90_500]);
});

test('a short name is the service that Istio routed to, and only its outbound side counts', () => {
  const { flows } = collectObservations('envoy', fixture);
  const rows = flows.filter(({ name }) => name.startsWith('reviews'));
  assert.deepEqual(
    rows.map(({ name, address, port, client }) => [name, address, port, client]),
    [['reviews.shop.svc.cluster.local', '10.124.1.5', 9080, '10.124.2.6']],
  );
});

test('a TCP record is named by its server name, between proxies by what stands in it', () => {
  const plain = flowTo('www.example.com');
  assert.deepEqual(
    [plain?.nameKind, plain?.application, plain?.address, plain?.port],
    ['sni', 'tls', '198.51.100.30', 443],
  );
  const inner = flowTo('www.example.net');
  assert.deepEqual([inner?.nameKind, inner?.port, inner?.bytesUp, inner?.bytesDown], ['sni', 443, 900, 7000]);
});

test('closed egress is a denial of what was meant; open egress is a flow to the address', () => {
  const { flows } = collectObservations('envoy', fixture);
  const black = flows.find(({ address }) => address === '203.0.113.9');
  assert.deepEqual([black?.isDenied, black?.port, black?.name], [true, 8443, '']);
  assert.equal(flowTo('ads.example.net')?.isDenied, true);
  const passed = flows.find(({ address }) => address === '203.0.113.11');
  assert.deepEqual([passed?.isDenied, passed?.port, passed?.nameKind], [false, 5432, 'none']);
});

test('rules of Envoy that refuse are denials', () => {
  const denied = collectObservations('envoy', fixture).flows.filter(({ isDenied }) => isDenied);
  assert.deepEqual(
    denied.map(({ name, port }) => `${name}:${port}`),
    [':8443', 'ads.example.net:-1', 'secret.example.com:8080', 'checked.example.com:-1', 'db.example.com:443'],
  );
});

test('a gateway on the way, a socket of the machine and Envoy itself are no addresses of the destination', () => {
  const viaGateway = flowTo('www.example.org');
  assert.deepEqual([viaGateway?.address, viaGateway?.port], ['', 443]);
  assert.deepEqual([flowTo('pipe.example.com')?.address, flowTo('pipe.example.com')?.port], ['', -1]);
  const literal = flowTo('2001:db8::80');
  assert.deepEqual(
    [literal?.address, literal?.port, literal?.protocol, literal?.client],
    ['2001:db8::80', 8080, 0, '2001:db8::17'],
  );
});

test('JSON with numbers and nulls is read like JSON of texts', () => {
  const flow = flowTo('json.example.com');
  assert.deepEqual([flow?.bytesUp, flow?.bytesDown, flow?.port, flow?.client], [5, 640, 8080, '10.124.2.6']);
});

test("a user's format string is compiled, in both spellings of headers", () => {
  const grammar = String.raw`%START_TIME(%s.%3f)% [%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%] %REQUEST_HEADER(:METHOD)% "%REQUEST_HEADER(X-ALT?:AUTHORITY):100%" %DOWNSTREAM_PEER_URI_SAN% %BYTES_SENT%/%BYTES_RECEIVED% 100%% %UPSTREAM_HOST%\n`;
  const line =
    '1795860000.250 [10.124.2.6] GET "a.example.com" spiffe://example.org/ns/shop/sa/web 640/5 100% 198.51.100.9:443';
  const [flow] = collectObservations('envoy', line, { grammar }).flows;
  assert.deepEqual(
    [flow?.startMs, flow?.name, flow?.address, flow?.port],
    [1_795_860_000_250, 'a.example.com', '198.51.100.9', 443],
  );
  assert.deepEqual([flow?.bytesUp, flow?.bytesDown, flow?.client], [5, 640, '10.124.2.6']);
  assert.equal(flow?.user, 'spiffe://example.org/ns/shop/sa/web');
});

test("a user's json_format says under which keys the values stand", () => {
  const grammar =
    '{"when":"%START_TIME%","net":{"to":"%UPSTREAM_HOST%","sni":"%REQUESTED_SERVER_NAME%"},"up":"%BYTES_RECEIVED%","down":"%BYTES_SENT%","text":"a %PROTOCOL% b"}';
  const line =
    '{"when":"2026-11-28T10:00:00Z","net":{"to":"198.51.100.9:443","sni":"a.example.com"},"up":5,"down":"640","text":"a - b"}';
  const [flow] = collectObservations('envoy', line, { grammar }).flows;
  assert.deepEqual([flow?.name, flow?.nameKind, flow?.bytesUp, flow?.bytesDown], ['a.example.com', 'sni', 5, 640]);
});

test('a grammar that cannot be says what is wrong with it', () => {
  assert.match(faultOf('[%START_TIME%] %zz'), /`%zz` is no operator of Envoy/);
  assert.match(faultOf('%BYTES_SENT%'), /it has no time/);
  assert.match(faultOf('%START_TIME%%BYTES_SENT%'), /nothing separates `start_time` from `bytes_sent`/);
  assert.match(faultOf('{"a":'), /it begins like JSON and is none/);
  assert.match(faultOf('{"a":"%DURATION%"}'), /it has no time/);
  assert.match(faultOf('{"a":"%x"}'), /`%x` is no operator of Envoy/);
});

test('Envoy is told from other logs', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['envoy'],
  );
});

test('no line makes the parser of Envoy throw', () => {
  assertParserNeverThrows('envoy', fixture);
});
