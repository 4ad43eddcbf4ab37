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

const fixture = readFixture('haproxy.log');

function flowTo(name: string): CollectedFlow | undefined {
  return collectObservations('haproxy', fixture, { timezone: '+01:00' }).flows.find((flow) => flow.name === name);
}

function faultOf(text: string): string {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const made = findLogFormat('haproxy')?.createParser({ grammar: text, zone: zone.value, nowMs: fixtureNowMs });
  assert.ok(made !== undefined && !made.ok);
  return made.fault.message;
}

test('every line of the built-in formats comes to a flow or to a reason', () => {
  assert.deepEqual(collectObservations('haproxy', fixture).outcomes, [
    ...['taken', 'no_destination', 'taken', 'taken', 'taken', 'challenge', 'no_destination', 'not_network'],
    ...['no_destination', 'taken', 'no_destination', 'no_destination', 'taken', 'no_destination', 'taken'],
    ...['bad_number', 'bad_time', 'no_destination', 'no_destination', 'not_network', 'not_network', 'other_format'],
  ]);
});

test('a tunnel is named by its CONNECT, counted down from what the client got, and its time is that of the start', () => {
  const flow = flowTo('files.example.net');
  assert.deepEqual(
    [flow?.port, flow?.nameKind, flow?.application, flow?.client],
    [8443, 'connect', 'tunnel', '192.0.2.13'],
  );
  assert.deepEqual([flow?.bytesUp, flow?.bytesDown], [-1, 90_500]);
  const startMs = Date.UTC(2026, 10, 28, 10, 0, 3, 500);
  assert.deepEqual([flow?.startMs, flow?.endMs], [startMs, startMs + 60_098]);
});

test('a plain request is named by its URL', () => {
  const flow = flowTo('mirror.example.com');
  assert.deepEqual([flow?.port, flow?.nameKind, flow?.application, flow?.isDenied], [80, 'url', 'http', false]);
  assert.equal(flowTo('aborted.example.com')?.port, 8080);
});

test('a first captured header is a host only where it can be nothing else', () => {
  const api = flowTo('api.example.com');
  assert.deepEqual([api?.nameKind, api?.application, api?.port], ['host', 'tls', -1]);
  const later = flowTo('later.example.com');
  assert.deepEqual([later?.port, later?.bytesDown], [8443, 100]);
});

test('a server name is taken from the HTTPS format, and an IPv6 client from before its port', () => {
  const flow = flowTo('v6.example.org');
  assert.deepEqual([flow?.nameKind, flow?.application, flow?.client], ['sni', 'tls', '2001:db8::17']);
});

test('a request that a rule refused is a denial, an ask for credentials is none', () => {
  const denied = collectObservations('haproxy', fixture).flows.filter(({ isDenied }) => isDenied);
  assert.deepEqual(
    denied.map(({ name, port }) => [name, port]),
    [['ads.example.net', 443]],
  );
});

test('a log-format of the user gives server, upload and server name', () => {
  const grammar =
    'log-format "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %U %B %ts %si:%sp %[req.ssl_sni,lower] %{+Q}[ssl_c_s_dn(cn)]"';
  const line =
    '192.0.2.1:5 [28/Nov/2026:10:00:00.000] relay out/a 0/1/2500 517 4000 -- 2001:db8::443:443 www.example.com "svc a"';
  const [flow] = collectObservations('haproxy', line, { grammar }).flows;
  assert.deepEqual(
    [flow?.name, flow?.nameKind, flow?.address, flow?.port],
    ['www.example.com', 'sni', '2001:db8::443', 443],
  );
  assert.deepEqual([flow?.bytesUp, flow?.bytesDown, flow?.user], [517, 4000, 'svc a']);
  assert.equal(flow?.endMs, Date.UTC(2026, 10, 28, 10, 0, 2, 500));
});

test('flags for all that follows, escaped blanks, typed names and epoch times are understood', () => {
  const grammar = String.raw`%{+Q}o\ %{-Q}Ts.%{-Q}ms\ %{-Q}ci\ %HM\ %HU\ %(code:int)ST`;
  const line = '1795860000.050 192.0.2.1 "GET" "https://example.com/a b" "200"';
  const [flow] = collectObservations('haproxy', line, { grammar }).flows;
  assert.deepEqual(
    [flow?.startMs, flow?.name, flow?.port, flow?.application],
    [1_795_860_000_050, 'example.com', 443, 'tls'],
  );
});

test('a grammar that cannot be says what is wrong with it', () => {
  assert.match(faultOf('%t %zz'), /`%zz` is no variable of HAProxy/);
  assert.match(faultOf('%ci %s'), /it has no time/);
  assert.match(faultOf('%t%ci'), /nothing separates `t` from `ci`/);
});

test('HAProxy is told from other logs', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['haproxy'],
  );
});

test('no line makes the parser of HAProxy throw', () => {
  assertParserNeverThrows('haproxy', fixture);
});
