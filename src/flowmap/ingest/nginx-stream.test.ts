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

const fixture = readFixture('nginx-stream.log');
const grammar = `log_format egress '$remote_addr [$time_local] $protocol $status $bytes_sent $bytes_received '
                                  '$session_time "$ssl_preread_server_name" "$upstream_addr"';`;

function flowsTo(name: string): readonly CollectedFlow[] {
  return collectObservations('nginx-stream', fixture, { grammar }).flows.filter((flow) => flow.name === name);
}

function faultOf(text: string): string {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const made = findLogFormat('nginx-stream')?.createParser({ grammar: text, zone: zone.value, nowMs: fixtureNowMs });
  assert.ok(made !== undefined && !made.ok);
  return made.fault.message;
}

test('every line of a stream log comes to a flow or to a reason', () => {
  assert.deepEqual(collectObservations('nginx-stream', fixture, { grammar }).outcomes, [
    ...['taken', 'taken', 'taken', 'no_destination', 'taken', 'no_destination', 'taken', 'taken', 'taken'],
    ...['no_destination', 'taken', 'taken', 'no_destination', 'taken'],
    ...['bad_number', 'bad_time', 'bad_address', 'other_format', 'taken', 'taken', 'other_format'],
  ]);
});

test('a connection by server name: received is up, sent is down, the time is that of the end', () => {
  const [flow] = flowsTo('api.example.org');
  assert.deepEqual([flow?.bytesUp, flow?.bytesDown], [1600, 90_500]);
  assert.deepEqual([flow?.startMs, flow?.endMs], [Date.UTC(2026, 10, 28, 9, 59, 47, 500), Date.UTC(2026, 10, 28, 10)]);
  assert.deepEqual([flow?.client, flow?.address, flow?.port], ['192.0.2.10', '198.51.100.20', 443]);
  assert.deepEqual([flow?.nameKind, flow?.application, flow?.protocol], ['sni', 'tls', 6]);
});

test('of several upstreams the last one is the destination', () => {
  assert.equal(flowsTo('gone.example.org')[0]?.address, '198.51.100.22');
  assert.equal(flowsTo('three.example.com')[0]?.address, '198.51.100.72');
});

test('a client without server name is known by address, over TCP and UDP', () => {
  const rows = flowsTo('').map(({ address, port, protocol, nameKind }) => [address, port, protocol, nameKind]);
  assert.deepEqual(rows, [
    ['198.51.100.60', 8443, 6, 'none'],
    ['198.51.100.53', 53, 17, 'none'],
  ]);
});

test('403 is a denial, and a socket on this machine is no address', () => {
  assert.deepEqual([flowsTo('ads.example.net')[0]?.isDenied, flowsTo('gone.example.org')[0]?.isDenied], [true, false]);
  assert.deepEqual([flowsTo('side.example.com')[0]?.address, flowsTo('side.example.com')[0]?.port], ['', -1]);
});

test('the examples of the documentation are detected, and the second one is read by itself', () => {
  const basic = '192.0.2.1 [28/Nov/2026:10:15:32 +0000] TCP 200 1592 517 0.301';
  assert.deepEqual(scoresOf(basic), [['nginx-stream', 1]]);
  assert.deepEqual(collectObservations('nginx-stream', basic).outcomes, ['no_destination']);
  const proxied = `${basic} "198.51.100.9:443" "517" "1592" "0.004"`;
  assert.deepEqual(scoresOf(proxied), [['nginx-stream', 1]]);
  const [flow] = collectObservations('nginx-stream', proxied).flows;
  assert.deepEqual([flow?.address, flow?.bytesUp, flow?.bytesDown], ['198.51.100.9', 517, 1592]);
});

test('JSON of a log_format is read, with bytes of the upstream where the client has none', () => {
  const json = `log_format j escape=json '{"at":"$time_iso8601","from":"$remote_addr","sni":"\${ssl_preread_server_name}","to":"$upstream_addr","up":"$upstream_bytes_sent","down":"$upstream_bytes_received"}';`;
  const line =
    '{"at":"2026-11-28T11:00:00+01:00","from":"192.0.2.1","sni":"a.example.com","to":"192.0.2.240:443, 198.51.100.9:443","up":"0, 517","down":"0, 99"}';
  const [flow] = collectObservations('nginx-stream', line, { grammar: json }).flows;
  assert.deepEqual(
    [flow?.name, flow?.address, flow?.bytesUp, flow?.bytesDown],
    ['a.example.com', '198.51.100.9', 517, 99],
  );
  assert.equal(flow?.endMs, Date.UTC(2026, 10, 28, 10));
});

test('a grammar that cannot be says what is wrong with it', () => {
  assert.match(faultOf('$remote_addr $upstream_addr'), /it has no time/);
  assert.match(faultOf('plain'), /`plain` names no variable/);
  assert.match(faultOf("log_format a '$msec"), /its quotes do not end/);
  assert.match(faultOf('$msec$status'), /nothing separates `msec` from `status`/);
});

test('no line makes the parser of stream logs throw', () => {
  assertParserNeverThrows('nginx-stream', fixture, grammar);
});
